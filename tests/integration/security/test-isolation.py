"""What a container sees of the host, and the host's programs of us."""
import stat

from cases import *

NAMESPACES = ("pid", "mnt", "net", "ipc", "uts", "user", "cgroup")


class Sockets(Case):
    def test_T19_no_abstract_socket(self):
        before = guardians()
        process = self.start("--", "/bin/sh", "-c", "echo ready; sleep 60")
        self.assertEqual(process.stdout.readline(), "ready\n", process.poll())
        ours = {process.pid, *(guardians() - before)}
        self.assertGreaterEqual(len(ours), 3)  # cvctl, its guardian, the container's PID 1
        inodes = set()
        for pid in ours:
            for name in os.listdir(f"/proc/{pid}/fd"):
                try:
                    link = os.readlink(f"/proc/{pid}/fd/{name}")
                except FileNotFoundError:
                    continue
                if link.startswith("socket:["):
                    inodes.add(link[8:-1])
        self.assertTrue(inodes)
        with open("/proc/net/unix") as file:
            rows = [line.split() for line in file.read().splitlines()[1:]]
        named = [row[7] for row in rows if row[6] in inodes and len(row) > 7]
        self.assertEqual([name for name in named if not name.endswith("/socket")], [])  # that of the run folder
        self.assertEqual([row for row in rows if len(row) > 7 and row[7].startswith("@") and "containerv" in row[7]], [])


class Environment(Case):
    def test_T25_exactly_what_was_asked_for(self):
        host = dict(os.environ, CANARY="1", LD_PRELOAD="", HTTP_PROXY="http://secret@proxy")
        for options in ([], ["--no-init"], ["-u", "bob"]):
            got = self.output(*options, "-e", "GIVEN=x y", "--", "/bin/env", env=host).splitlines()
            names = {line.split("=")[0] for line in got}
            self.assertIn("GIVEN=x y", got)
            self.assertLessEqual(names, {"PATH", "GIVEN"}, options)

    def test_T25_nothing_of_the_host_is_in_any_process(self):
        host = dict(os.environ, CANARY="1")
        out = self.shell("for f in /proc/[0-9]*/environ; do cat $f; done 2>/proc/self/fd/1", env=host).stdout
        self.assertNotIn("CANARY", out)


class Installed(Case):
    def test_T31_no_file_with_more_rights(self):
        prefix = os.path.join(self.folder, "prefix")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        count = 0
        for top in (prefix, *(os.path.join(BUILD, name) for name in ("bin", "lib", "libexec"))):
            for folder, _, names in os.walk(top):
                for path in (os.path.join(folder, name) for name in names):
                    count += 1
                    self.assertFalse(os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID), path)
                    self.assertNotIn("security.capability", os.listxattr(path, follow_symlinks=False), path)
        self.assertGreater(count, 5)


class Namespaces(Case):
    def links(self, *options):
        script = "for n in " + " ".join(NAMESPACES) + "; do ls -l /proc/self/ns/$n; done"
        out = self.output(*options, "--", "/bin/sh", "-c", script)
        return {line.split(" ")[-3].rpartition("/")[2]: line.split(" ")[-1] for line in out.splitlines()}

    def test_all_differ_from_the_hosts(self):
        for options in ([], ["--no-init"], ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]):
            inside = self.links(*options)
            self.assertEqual(set(inside), set(NAMESPACES))
            for name in NAMESPACES:
                self.assertNotEqual(inside[name], os.readlink(f"/proc/self/ns/{name}"), (name, options))

    def test_two_containers_share_no_ids(self):
        ranges = []
        for _ in range(2):
            process = self.start("--", "/bin/sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; echo ready; sleep 60")
            rows = [process.stdout.readline().split() for _ in range(2)]
            self.assertEqual(process.stdout.readline(), "ready\n", rows)
            self.assertEqual(rows[0], rows[1])
            inside, outside, count = map(int, rows[0])
            self.assertEqual((inside, count), (0, 65536))
            self.assertGreaterEqual(outside, 65536)
            ranges.append(range(outside, outside + count))
        self.assertTrue(ranges[0].stop <= ranges[1].start or ranges[1].stop <= ranges[0].start, ranges)

    def test_two_containers_share_no_namespace(self):
        one, two = self.links(), self.links()
        process = self.start("--", "/bin/sh", "-c", "ls -l /proc/self/ns; echo ready; sleep 60")
        running = []
        for line in process.stdout:
            if line == "ready\n":
                break
            running.append(line.split(" ")[-1].strip())
        self.assertTrue(running)
        third = self.links()
        for name in NAMESPACES:
            self.assertNotIn(third[name], running, name)
        self.assertEqual(set(one), set(two))


if __name__ == "__main__":
    main()
