"""Options of podman run, alone and together: what a program finds in its container must be what it finds with another runtime.

OCI_OTHER: the other one's path, by default runc's. What differs and may is in KNOWN.
"""
import itertools
import re

from podman import *

OTHER = os.environ.get("OCI_OTHER", "/usr/sbin/runc")
PROBE = r"""
exec 2>&1
section() { echo "== $1"; }
section status; grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Cpus_allowed_list|Umask|NSpid|NSsid|SigBlk|SigIgn)' /proc/self/status
section mounts; cut -d' ' -f4- /proc/self/mountinfo
section devices; ls -ln /dev /dev/pts | sed 's/ [A-Z][a-z][a-z] .* / /'
section limits; cat /proc/self/limits
section environment; env | sort
section folder; pwd; ls -nd .
section maps; cat /proc/self/uid_map /proc/self/gid_map
section descriptors; ls -l /proc/self/fd | sed 's/.* \([0-9]* -> \)/\1/'
section score; cat /proc/self/oom_score_adj
section first; tr '\0' ' ' </proc/1/cmdline | head -c 12; cut -d' ' -f 7 /proc/self/stat
section hostname; hostname
section namespaces; for kind in cgroup ipc mnt net pid user uts; do [ "$(readlink /proc/self/ns/$kind)" = "$(echo "$HOST" | tr ' ' '\n' | grep "^$kind:")" ] && echo "$kind: the host's"; done
section groups; cat /proc/self/cgroup
section proc; ls -nd /proc/kcore /proc/keys /proc/timer_list /proc/sys /proc/sysrq-trigger /proc/irq /proc/scsi /sys/firmware /proc/acpi | sed 's/ [A-Z][a-z][a-z] .* / /'
section sysctl; cat /proc/sys/net/ipv4/ping_group_range /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax
section writes; for path in / /tmp /dev /dev/shm /proc/sys/kernel/panic /sys /run /etc; do test -w $path && echo $path; done
section links; for link in fd stdin stdout stderr ptmx core; do readlink /dev/$link; done
"""
ALONE = [(), ("-t",), ("-i",), ("--init",), ("--privileged",), ("--read-only",), ("--user", "joe"), ("--user", "1000:44"), ("--userns", "auto"),
         ("--uidmap", "0:600000000:5000"), ("--network", "host"), ("--pid", "host"), ("--ipc", "host"), ("--uts", "host"), ("--cgroupns", "host"),
         ("--cgroupns", "private"), ("--tmpfs", "/mem:size=1m,mode=700"), ("--tmpfs", "/etc"), ("-v", f"{PLACE}/bound:/there"),
         ("-v", f"{PLACE}/bound:/there:ro,noexec"), ("-v", f"{PLACE}/bound:/there:rslave"), ("-v", "/dev:/hostdev:ro"),
         ("--cap-drop", "all"), ("--cap-add", "all"), ("--cap-add", "sys_admin", "--user", "joe"), ("--security-opt", "no-new-privileges"),
         ("--security-opt", "seccomp=unconfined"), ("--security-opt", "unmask=all"), ("--device", "/dev/fuse"), ("--device", "/dev/null:/dev/other:r"),
         ("--memory", "64m"), ("--pids-limit", "50"), ("--cpus", "0.5"), ("--cpu-shares", "512"), ("--cpuset-cpus", "0"), ("--memory-swap", "-1", "--memory", "64m"),
         ("--blkio-weight", "500"), ("--shm-size", "2m"), ("--ulimit", "nofile=100:200", "--ulimit", "nproc=500:500"), ("--oom-score-adj", "300"),
         ("--hostname", "name"), ("--workdir", "/home/joe"), ("--env", "A=b"), ("--unsetenv", "container"), ("--umask", "0077"), ("--group-add", "44"),
         ("--sysctl", "kernel.msgmax=9000"), ("--sysctl", "net.ipv4.ping_group_range=0 100"), ("--systemd", "always"), ("--mount", "type=ramfs,dst=/ram"),
         ("--mount", "type=devpts,dst=/pts"), ("--mount", "type=tmpfs,dst=/mem,ro"), ("--no-hosts",),
         ("--read-only", "--read-only-tmpfs=false"), ("--device-cgroup-rule", "c 10:229 rwm")]
TOGETHER = [("-t",), ("--user", "joe"), ("--read-only",), ("--userns", "auto:size=3000"), ("--init",), ("--pid", "host"), ("--privileged",),
            ("-v", f"{PLACE}/bound:/there:ro")]
KNOWN = {
    "mounts": [r"/proc/(acpi|kcore|keys|latency_stats|sched_debug|scsi|timer_list|timer_stats) ",  # ours cover with nosuid, nodev, noexec
               r"/sys/(dev/block|firmware|fs/selinux) ",
               r"/sys/fs/cgroup/systemd/release_agent ",
               r"/sys/fs/cgroup(/unified)? ",  # ours is read-only when that was asked for, and has version 2
               r"/dev/ptmx ",
               r"/sys .*- sysfs "],  # ours changes no flag of the file system itself
    "devices": [r"mqueue$",  # whose namespace it is, which a user namespace can't name
                r"ptmx$"],  # a privileged one's is the host's node, which leads to the pts beside it
    "links": [r"^pts/ptmx$"],
}


def normal(text):
    """Without what two runs of one runtime differ in."""
    text = text.replace("\r\n", "\n")
    for pattern, to in ((r"\b[0-9a-f]{64}\b", "ID"), (r"\b[0-9a-f]{12}\b", "SHORT"), (r"\b(overlay|shm)/[^ ,:]*", r"\1/PATH"), (r"/l/[A-Z0-9]{26}", "/l/LAYER"),
                        (r"(shared|master|propagate_from):\d+", r"\1:N"), (r"(pipe|socket|mnt|pid|anon_inode):\[[^]]*\]", r"\1:[N]"),
                        (r"/proc/\d+/fd", "/proc/N/fd"), (r" - (\w+) (none|tmpfs|cgroup|systemd) ", r" - \1 SOURCE "), (r"60\d{7}", "OUTSIDE"), (r"inode64|huge=\w+", "tmpfs-option"), (r"[A-Z][a-z]{2} +\d+ \d\d:\d\d", "TIME"), (r"(container_uuid=)\w+", r"\1ID")):
        text = re.sub(pattern, to, text)
    sections = dict(part.split("\n", 1) for part in text.split("== ")[1:])
    if "status" in sections:
        sections["status"] = re.sub(r"(?m)^NS(pid|sid).*\n", "", sections["status"])
    lines = {name: [line for line in body.splitlines() if not any(re.search(known, line) for known in KNOWN.get(name, ()))]
             for name, body in sections.items()}
    return {name: sorted(body) if name in ("descriptors", "devices", "mounts") else body for name, body in lines.items()}


class Matrix(PodmanCase):
    def probe(self, runtime, words):
        host = " ".join(os.readlink(f"/proc/self/ns/{kind}") for kind in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"))
        result = call("podman", "--runtime", runtime, "run", "--rm", *options("--env", f"HOST={host}", *words), IMAGE, "sh", "-c", PROBE, env=ENV)
        return result.returncode, normal(result.stdout), result.stderr

    def compare(self, words):
        code, found, errors = self.probe(RUNTIME, words)
        other_code, other, other_errors = self.probe(OTHER, words)
        self.assertEqual(code, other_code, errors + other_errors)
        for name in other:
            with self.subTest(options=words, section=name):
                self.assertEqual(found.get(name), other[name])

    def test_each_alone(self):
        write(f"{PLACE}/bound/file", "bound\n")
        for words in ALONE:
            with self.subTest(options=words):
                self.compare(words)

    def test_two_together(self):
        write(f"{PLACE}/bound/file", "bound\n")
        for first, second in itertools.combinations(TOGETHER, 2):
            with self.subTest(options=first + second):
                self.compare(first + second)


if __name__ == "__main__":
    main()
