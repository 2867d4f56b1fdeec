"""cvctl run by a plain user: with sub-ids, and with his own id alone."""
import json
import signal
import stat
import time

from user import *


MAKER = """#!/bin/sh
while [ $# -gt 3 ]; do shift; done
cp -a "$SOURCE" "$2" && mkdir -p "$2/usr/bin" "$2/var/lib/dpkg" && touch "$2/var/lib/dpkg/status" "$2/theirs" || exit 1
mkdir "$2/hidden" && touch "$2/hidden/file" && chown 33:34 "$2/theirs" "$2/hidden" && chmod 700 "$2/hidden"
[ -z "$FAIL" ]
"""


class Both:
    """What is the same with and without sub-ids."""

    def test_root_inside_is_the_user(self):
        out = self.output("id -u; id -g; head -n 1 /proc/self/uid_map; grep -c . /proc/self/uid_map").split()
        self.assertEqual(out[:5], ["0", "0", "0", "0", "1"])
        self.assertEqual(out[5], "2" if self.subids else "1")
        self.assert_nothing_left()

    def test_exit_codes(self):
        self.assertEqual(self.shell("exit 7").returncode, 7)
        self.assertEqual(self.run_container("--", "/no/such").returncode, 127)
        self.assertEqual(self.shell("kill -9 $$").returncode, 137)

    def test_volumes(self):
        source = os.path.join(self.home, "source")
        os.mkdir(source, 0o755)
        os.chown(source, UID, UID)
        self.output("echo x >/v/made", "-v", source + ":/v")
        made = os.stat(os.path.join(source, "made"))
        self.assertEqual((made.st_uid, made.st_gid), (UID, UID))
        result = self.shell("echo x >/v/no", "-v", source + ":/v:ro")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("Read-only", result.stderr)
        self.assertEqual(os.listdir(source), ["made"])

    def test_files_of_others_stay_theirs(self):
        """A folder of root's on the host: nobody's inside, and not to be written."""
        source = os.path.join(self.folder, "roots")
        os.mkdir(source, 0o755)
        out = self.output("stat -c %u /v; touch /v/x 2>/dev/null && echo written; true", "-v", source + ":/v")
        self.assertEqual(out, "65534\n")

    def test_root_below_a_throw_away_upper(self):
        out = self.output("rm /etc/not-executable; mkdir /etc/new; echo x >/etc/new/file; rm -r /home; mkdir /home; ls /home /etc/new")
        self.assertEqual(out.split(), ["/etc/new:", "file", "/home:"])
        self.assertTrue(os.path.exists(os.path.join(self.root, "etc/not-executable")))
        self.assertTrue(os.path.exists(os.path.join(self.root, "home/joe")))
        self.assertFalse(os.path.exists(os.path.join(self.root, "etc/new")))
        self.assert_nothing_left()

    def test_root_in_place_and_read_only(self):
        self.output("echo x >/made", root=self.root)
        self.assertEqual(os.stat(os.path.join(self.root, "made")).st_uid, UID)
        result = self.shell("echo x >/no", "--read-only", root=self.root)
        self.assertIn("Read-only", result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.root, "no")))

    def test_networks(self):
        self.assertEqual(self.output("ls /sys/class/net; cat /sys/class/net/lo/flags").split(), ["lo", "0x9"])
        self.assertEqual(self.output("readlink /proc/self/ns/net", "--network", "host").strip(), os.readlink("/proc/self/ns/net"))
        self.assertNotEqual(self.output("readlink /proc/self/ns/net").strip(), os.readlink("/proc/self/ns/net"))

    def test_devices(self):
        out = self.output("echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c; mknod /x b 1 1 2>/dev/null || echo no")
        self.assertEqual(out.split(), ["3", "2", "no"])

    def test_t12_cgroups_can_not_be_written(self):
        for options in ([], ["--share", "cgroup"]):
            out = self.output("for f in cgroup.procs cgroup.freeze; do [ -e /sys/fs/cgroup/$f ] && echo 1 >/sys/fs/cgroup/$f && echo $f; done"
                              " 2>&1; mkdir /sys/fs/cgroup/x 2>&1; true", *options)
            self.assertNotRegex(out, r"(?m)^cgroup\.")
            self.assertRegex(out, "Read-only|Permission denied")

    def test_t32_no_fresh_procfs(self):
        """PID 1's masks would not be in it. Also not with a PID namespace of its own, where the kernel compares with the masked one."""
        options = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]
        for script in ("mount -t proc proc /tmp", "unshare -Urmpf mount -t proc proc /tmp"):
            result = self.shell(script, *options)
            self.assertNotEqual(result.returncode, 0, script)
            self.assertIn("ermi", result.stderr)  # "permission denied", "Operation not permitted"

    def test_mounts_are_locked(self):
        options = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]
        out = self.output("umount /proc/acpi 2>/dev/null && echo unmasked; mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo writable;"
                          " umount /proc/keys 2>/dev/null && echo unmasked; mount -t tmpfs none /tmp && echo mounted", *options)
        self.assertEqual(out, "mounted\n")

    def test_the_guardian_is_out_of_sight(self):
        out = self.output("ls -d /proc/[0-9]* | wc -l; cat /proc/1/environ /proc/1/maps 2>&1 | grep -c 'ermission denied'; "
                          "readlink /proc/1/exe || echo none")
        self.assertLessEqual(int(out.split()[0]), 6)
        self.assertEqual(out.split()[1:], ["2", "none"])

    def wait_for(self, process, line):
        self.assertEqual(process.stdout.readline().strip(), line, process.stderr.read() if process.poll() is not None else "")

    def test_killed_caller(self):
        process = self.start("--", "/bin/sh", "-c", "echo up; sleep 1000 & sleep 1000")
        self.wait_for(process, "up")
        process.kill()
        self.assert_nothing_left()

    def test_killed_guardian(self):
        process = self.start("--", "/bin/sh", "-c", "echo up; sleep 1000 & sleep 1000")
        self.wait_for(process, "up")
        for pid in [pid for pid, name in processes() if name == "cv-guardian"]:
            os.kill(pid, signal.SIGKILL)
        process.wait(timeout=20)
        poll(lambda: not processes(), processes)
        self.assertNotEqual(self.left(), [])
        self.output("true")  # the next one sweeps
        self.assert_nothing_left()

    def test_killed_caller_and_guardian(self):
        process = self.start("--no-init", "--", "/bin/sh", "-c", "echo up; sleep 1000 & sleep 1000")
        self.wait_for(process, "up")
        guardians = [pid for pid, name in processes() if name == "cv-guardian"]
        for pid in [process.pid, *guardians]:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not processes(), processes)
        self.output("true")
        self.assert_nothing_left()

    def test_prune(self):
        """What both left, by himself and without a further create; what is of a living one stays."""
        living = self.start("--name", "living", "--", "/bin/sh", "-c", "echo up; exec sleep 100")
        self.wait_for(living, "up")
        before = {pid for pid, _ in processes()}
        process = self.start("--name", "dead", "--", "/bin/sh", "-c", "echo up; exec sleep 100")
        self.wait_for(process, "up")
        for pid in [pid for pid, name in processes() if name == "cv-guardian" and pid not in before]:
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        prune = self.as_user(CVCTL, "system", "prune", "--format", "json")
        found = []
        end = time.monotonic() + 20
        while "c-dead" in self.left() and time.monotonic() < end:  # its last process may still be ending
            result = subprocess.run(prune, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                    env=self.env, cwd="/")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            found += [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual({(item["id"], item["removed"]) for item in found}, {("dead", True)})
        self.assertIn("run", {item["kind"] for item in found})
        self.assertIn("c-living", self.left())
        self.assertIsNone(living.poll())

    def test_what_needs_more_rights_is_refused(self):
        self.assert_refused(self.shell("true", "--network", "veth:10.213.78.2/30:10.213.78.1"), "can only be made by root", "'none' or 'host'")
        self.assert_refused(self.shell("true", "--memory", "64m"), "no cgroup", "Delegate=yes")

    def test_doctor(self):
        result = subprocess.run(self.as_user(CVCTL, "doctor", "--format", "json"), capture_output=True, text=True, env=self.env, cwd="/")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        found = {check["check"]: check for check in json.loads(result.stdout)["checks"]}
        self.assertIn(f"user {UID} (tester)", found["rights"]["text"])
        if self.subids:
            self.assertEqual(found["sub-ids"]["result"], "ok")
            self.assertIn(f"{SUB}-{SUB + SUBS - 2}", found["sub-ids"]["text"])
        else:
            self.assertEqual(found["sub-ids"]["result"], "warn")
            self.assertIn("usermod", found["sub-ids"]["fix"])
        self.assertEqual(found["delegation"]["result"], "warn")
        self.assertIn("Delegate=yes", found["delegation"]["fix"])

    def test_the_folders_are_for_the_user_alone(self):
        self.output("true")
        for path in (self.state, os.path.join(self.home, "run", "containerv")):
            info = os.stat(path)
            self.assertEqual((stat.S_IMODE(info.st_mode), info.st_uid), (0o700, UID), path)

    def test_without_a_runtime_folder(self):
        place = f"/tmp/containerv-{UID}"
        for run in (None, "/run/no-such-folder", "/root"):  # unset, not there, somebody else's
            env = {name: value for name, value in self.env.items() if name != "XDG_RUNTIME_DIR"}
            if run is not None:
                env["XDG_RUNTIME_DIR"] = run
            self.addCleanup(remove, place)
            self.assertEqual(self.output("echo ran", env=env), "ran\n")
            info = os.stat(place)
            self.assertEqual((stat.S_IMODE(info.st_mode), info.st_uid), (0o700, UID))
            remove(place)


class WithSubIds(Both, Case):
    def test_users(self):
        out = self.output("id -u; id -g; id -G; echo x >/home/joe/made; stat -c %u:%g /home/joe/made", "-u", "joe")
        self.assertEqual(out.split(), ["1000", "1000", "1000", "29", "1000:1000"])
        self.assertEqual(self.output("id -u; id -G", "-u", "65535:65535").split(), ["65535", "65535"])

    def test_owners_on_the_host(self):
        self.output("touch /home/joe/a; chown 1000:29 /home/joe/a", root=self.root)
        made = os.stat(os.path.join(self.root, "home/joe/a"))
        self.assertEqual((made.st_uid, made.st_gid), (SUB + 999, SUB + 28))

    def test_a_source_is_given_to_the_user_inside(self):
        source = os.path.join(self.home, "source")
        os.mkdir(source, 0o755)
        os.chown(source, UID, UID)
        self.output("echo x >/v/made", "-v", source + ":/v:U", "-u", "joe")
        for path in (source, os.path.join(source, "made")):
            self.assertEqual(os.stat(path).st_uid, SUB + 999)

    def test_a_distributions_root(self):
        """Its maker is root of a user namespace that has the ids of the containers. It is stood in for: the real one downloads."""
        folder = os.path.join(self.home, "bin")
        os.mkdir(folder)
        with open(os.path.join(folder, "mmdebstrap"), "w") as file:
            file.write(MAKER)
        os.chmod(file.name, 0o755)
        with open(os.path.join(folder, "sources.list"), "w") as file:
            file.write("deb http://mirror.invalid/debian bookworm main\n")
        env = dict(self.env, PATH=folder + ":" + self.env["PATH"], CONTAINERV_APT_DIR=folder, SOURCE=self.root)
        def run(*args):
            return subprocess.run(self.as_user(CVCTL, "run", "--debian", "bookworm", "--arch", "amd64", *args), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=60, env=env, cwd="/")
        result = run("--", "stat", "-c", "%u:%g", "/theirs", "/bin/busybox")
        self.assertEqual((result.returncode, result.stdout), (0, "33:34\n0:0\n"), result.stderr)
        made = os.path.join(self.state, "rootfs", "debian-bookworm-amd64")
        theirs = os.stat(os.path.join(made, "theirs"))
        self.assertEqual((theirs.st_uid, theirs.st_gid), (SUB + 32, SUB + 33))
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o700)
        shutil.rmtree(made)
        env["FAIL"] = "1"  # what a failed one leaves is removed, though it is not the user's
        result = run("--", "true")
        self.assertEqual(result.returncode, OURS)
        self.assertEqual([name for name in os.listdir(os.path.dirname(made)) if "half" in name], [])

    def test_an_id_that_is_not_there(self):
        self.assert_refused(self.shell("true", "-u", "70000"), "from 0 to 65535")

    def test_the_callers_groups_are_given_up(self):
        self.assertEqual(self.output("grep Groups /proc/self/status; cat /proc/self/setgroups").split(), ["Groups:", "allow"])

    def test_few_ids(self):
        for name in ("subuid", "subgid"):
            with open(os.path.join(self.etc, name), "w") as file:
                file.write(f"somebody:1:1\ntester:{SUB}:10\n# no entry\ntester:{SUB + 1000}:5\n")
        out = self.output("cat /proc/self/uid_map", "-u", "15").split()
        self.assertEqual(out, ["0", "0", "1", "1", "1", "10", "11", "11", "5"])
        self.assert_refused(self.shell("true", "-u", "16"), "from 0 to 15")

    def test_newuidmap_refuses(self):
        """The user's group is not the one that his entry names."""
        path = os.path.join(self.etc, "passwd")
        with open(path) as file:
            text = file.read().replace(f"tester:x:{UID}:{UID}:", f"tester:x:{UID}:1:")
        with open(path, "w") as file:
            file.write(text)
        self.assert_refused(self.shell("true"), "newuidmap' refused: ", "/etc/subuid")


class WithoutSubIds(Both, Case):
    subids = False

    def test_users(self):
        self.assertEqual(self.output("id -u", "-u", "root").strip(), "0")
        for option in (["-u", "joe"], ["-u", "1000"], ["--group-add", "video"]):
            self.assert_refused(self.shell("true", *option), "/etc/subuid gives this user no ids", "usermod --add-subuids")

    def test_a_distributions_root_needs_sub_ids(self):
        result = subprocess.run(self.as_user(CVCTL, "run", "--debian", "bookworm", "--", "true"), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=60, env=self.env, cwd="/")
        self.assert_refused(result, "one id only", "cvctl doctor")

    def test_groups_can_not_be_set(self):
        self.assertEqual(self.output("cat /proc/self/setgroups").strip(), "deny")


if __name__ == "__main__":
    main()
