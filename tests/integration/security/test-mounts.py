"""A container that is granted SYS_ADMIN, and that no filter stops, can't take away what was made read-only or hidden."""
from cases import *

GRANTED = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--tmpfs", "/tmp"]
MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys"]


class Locked(Case):
    def attack(self, options, masked, read_only, root=None):
        arguments = ["attack", "/tmp/place", "masked", *masked, "read-only", *read_only]
        result = self.run_container(*GRANTED, *options, "--", "/bin/probe", *arguments, root=root)
        lines = result.stdout.splitlines()
        self.assertEqual((result.returncode, lines[:1]), (0, ["control 0"]), (result.stdout, result.stderr))
        print(f"{len(lines)} attempts")
        broken = [line for line in lines[1:] if not line.endswith((" held", " absent"))]
        self.assertEqual(broken, [])
        present = {line.split(" ")[0] for line in lines if line.endswith(" held")}
        self.assertEqual(len([line for line in lines if line.endswith(" held")]), 12 * len(present))
        return present

    def test_masks_and_read_only_paths(self):
        for root in (self.root, self.root + ":O"):
            present = self.attack([], MASKED, READ_ONLY, root=root)
            self.assertLessEqual({"/proc/keys", "/proc/timer_list", "/proc/sys", "/sys"}, present)

    def test_read_only_root(self):
        for root in (self.root, self.root + ":O"):
            self.assertEqual(self.attack(["--read-only"], [], ["/"], root=root), {"/"})
            self.assertFalse(os.path.exists(self.inside("written")))

    def test_read_only_volumes(self):
        source = self.source()
        os.mkdir(os.path.join(source, "below"))
        put(os.path.join(self.folder, "file"), "as it was\n")
        options = ["-v", f"{source}:/v:ro", "--mount", f"type=bind,source={self.folder}/file,target=/file,readonly"]
        self.assertEqual(self.attack(options, [], ["/v", "/v/below", "/file"]), {"/v", "/v/below", "/file"})
        self.assertEqual(os.listdir(source), ["below"])
        with open(os.path.join(self.folder, "file")) as file:
            self.assertEqual(file.read(), "as it was\n")

    def test_without_the_grant_no_mount_is_possible(self):
        result = self.run_container("--tmpfs", "/tmp", "--", "/bin/probe", "attack", "/tmp/place", "masked")
        self.assertEqual(result.stdout, "control EPERM\n", result.stderr)


class Later(Case):
    """Where the host's mounts are shared, as systemd has them, what it mounts later below the root or a volume must not show up inside: it
    would have none of the flags that were asked for."""
    HOST = ('source=$1 root=$2; shift 2; mount --make-rshared / || exit 1; "$@" & read line <"$source/ready" && '
            'for place in "$source/below" "$root/below"; do mount -t tmpfs late "$place" && echo x >"$place/late"; done && '
            'echo go >"$source/go"; wait $!')

    def test_later_mounts_of_the_host_stay_out(self):
        source = self.source()
        for folder in (source, self.root):
            os.mkdir(os.path.join(folder, "below"))
        for name in ("ready", "go"):
            os.mkfifo(os.path.join(source, name))
        container = self.command("-v", f"{source}:/v", "--", "/bin/sh", "-c",
                                 "echo ready >/v/ready; read line </v/go; ls /v/below /below; cat /proc/self/mountinfo")
        result = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", self.HOST, "sh", source, self.root, *container],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(" /v ", result.stdout)
        for word in ("\nlate\n", " tmpfs late ", " master:", " shared:"):
            self.assertNotIn(word, result.stdout)


if __name__ == "__main__":
    main()
