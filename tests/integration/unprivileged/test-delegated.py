"""A user who was given a part of the cgroup tree, as systemd does it: his containers have groups, can be paused and limited."""
import signal

from user import *


def cgroup2():
    with open("/proc/self/mountinfo") as file:
        for line in file:
            left, right = line.split(" - ", 1)
            if right.split()[0] == "cgroup2":
                return left.split()[4]
    return None


def controllers():
    with open(os.path.join(cgroup2(), "cgroup.controllers")) as file:
        return file.read().split()


class Group(Case):
    subids = os.path.exists("/usr/bin/newuidmap")

    def setUp(self):
        super().setUp()
        self.group = os.path.join(cgroup2(), f"containerv-test-{os.getpid()}")
        self.addCleanup(self.remove_group)
        self.give(self.group)

    @staticmethod
    def give(group):
        os.mkdir(group)
        for name in (".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
            os.chown(os.path.join(group, name), UID, UID)

    def groups(self, below=""):
        """All groups that are there, the deepest first."""
        return [folder for folder, _, _ in os.walk(os.path.join(self.group, below), topdown=False)]

    def remove_group(self):
        poll(lambda: not processes(), processes)
        for folder in self.groups():
            os.rmdir(folder)

    def mine(self):
        """A chosen group in the user's part of the tree, as it is written: from the root of the tree."""
        return "/" + os.path.relpath(self.group, cgroup2()) + "/mine/deeper"

    def container_groups(self):
        return [os.path.basename(folder) for folder in self.groups("containerv") if "/c-" in folder]


class Delegated(Group):
    def test_a_group_for_each(self):
        process = self.start("--name", "one", "--", "/bin/sh", "-c", "cat /proc/self/cgroup; exec sleep 1000")
        lines = []
        while not lines or not lines[-1].startswith("0::"):
            lines.append(process.stdout.readline())
        self.assertEqual(lines[-1], "0::/\n")  # it has a cgroup namespace
        self.assertEqual(self.container_groups(), ["c-one"])
        self.output("true")
        self.assertEqual(self.container_groups(), ["c-one"])
        process.kill()
        self.assert_nothing_left()
        self.assertEqual(self.container_groups(), [])

    def test_the_suite_pauses(self):
        env = dict(self.env, CONTAINERV_BACKEND="linux", CV_SUITE_ROOTFS=self.root)
        result = subprocess.run(self.as_user(os.path.join(BUILD, "tests", "suite-pause")), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, env=env, cwd="/")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("skipped", result.stdout)
        self.assertEqual(self.container_groups(), [])

    def test_a_dead_guardians_group_is_swept_from_elsewhere(self):
        process = self.start("--name", "dead", "--", "/bin/sh", "-c", "echo up; exec sleep 1000")
        self.assertEqual(process.stdout.readline(), "up\n")
        for pid in [pid for pid, name in processes() if name == "cv-guardian"] + [process.pid]:  # before it can take things away
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not processes(), processes)
        self.assertEqual(self.container_groups(), ["c-dead"])
        group, self.group = self.group, ""
        self.output("true")
        self.group = group
        self.assertEqual(self.container_groups(), [])

    def test_a_chosen_group(self):
        process = self.start("--name", "one", "--cgroup-parent", self.mine(), "--", "/bin/sh", "-c", "echo up; exec sleep 1000")
        self.assertEqual(process.stdout.readline(), "up\n")
        self.assertTrue(os.path.isdir(os.path.join(self.group, "mine", "deeper", "c-one")))
        process.kill()
        self.assert_nothing_left()
        self.assertFalse(os.path.exists(os.path.join(self.group, "mine")))

    def test_a_chosen_group_is_swept(self):
        process = self.start("--name", "dead", "--cgroup-parent", self.mine(), "--", "/bin/sh", "-c", "echo up; exec sleep 1000")
        self.assertEqual(process.stdout.readline(), "up\n")
        for pid in [pid for pid, name in processes() if name == "cv-guardian"] + [process.pid]:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not processes(), processes)
        self.assertTrue(os.path.isdir(os.path.join(self.group, "mine", "deeper", "c-dead")))
        group, self.group = self.group, ""
        self.output("true")
        self.group = group
        self.assertFalse(os.path.exists(os.path.join(self.group, "mine")))

    def test_a_chosen_group_of_others(self):
        """Also one that is below nobody's, and one beside that begins with the same name."""
        for path in ("/containerv-test-others", "/" + os.path.relpath(self.group, cgroup2()) + "-beside"):
            result = self.shell("echo ran", "--cgroup-parent", path)
            self.assertEqual((result.returncode, result.stdout), (OURS, ""), result.stderr)
            self.assertIn("is not in the part of the tree that was delegated", result.stderr)
            self.assertIn("systemd-run --user --scope", result.stderr)
            self.assertFalse(os.path.exists(cgroup2() + path))

    def test_a_chosen_group_without_a_delegated_one(self):
        group, self.group = self.group, ""
        result = self.shell("echo ran", "--cgroup-parent", "/containerv-test-others")
        self.group = group
        self.assertEqual((result.returncode, result.stdout), (OURS, ""), result.stderr)
        self.assertIn("systemd-run --user --scope", result.stderr)

    def test_a_controller_that_was_not_delegated(self):
        """Whatever the machine's root hands on, the group between hands nothing on, and isn't the user's to change."""
        above = self.group
        os.chown(os.path.join(above, "cgroup.subtree_control"), 0, 0)
        self.group = os.path.join(above, "given")
        self.give(self.group)
        result = self.shell("true", "--memory", "64m")
        self.group = above
        self.assertEqual((result.returncode, result.stdout), (OURS, ""), result.stderr)
        self.assertIn("the controller was not delegated", result.stderr)


class WithControllers(Group):
    """Where version 2 has the controllers: in the guest. Systemd hands these on to its users."""

    def setUp(self):
        with open(os.path.join(cgroup2(), "cgroup.subtree_control"), "w") as file:
            file.write("+cpu +memory +pids")
        super().setUp()

    def group_type(self):
        with open(os.path.join(self.group, "cgroup.type")) as file:
            return file.read()


class Limits(WithControllers):
    def test_without_a_limit_nobody_moves(self):
        """The default limit of processes, which is weaker then, must not make the group a threaded one."""
        process = self.start("--", "/bin/sh", "-c", "echo up; exec sleep 1000")
        self.assertEqual(process.stdout.readline(), "up\n", process.stderr.read() if process.poll() is not None else "")
        self.assertEqual(self.group_type(), "domain\n")
        with open(f"/proc/{process.pid}/cgroup") as file:
            self.assertEqual(file.read(), f"0::/{os.path.basename(self.group)}\n")

    def test_a_limit(self):
        """The group that the program is in must give its processes away before it can hand the controller on."""
        top = self.group
        for group in (top, os.path.join(top, "containerv-callers")):  # the second starts where the first was moved to
            self.group = group
            self.assertEqual(self.output("cat /sys/fs/cgroup/memory.max", "--memory", "64m"), f"{64 << 20}\n")
        self.group = top
        self.assertEqual(self.container_groups(), [])

    def test_a_limit_in_a_chosen_group(self):
        """The room is made in the delegated group, some levels above the chosen one."""
        self.assertEqual(self.output("cat /sys/fs/cgroup/memory.max", "--memory", "64m", "--cgroup-parent", self.mine()), f"{64 << 20}\n")
        self.assertFalse(os.path.exists(os.path.join(self.group, "mine")))

    def test_a_limit_beside_others(self):
        """Processes that are none of ours are not moved about."""
        other = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(lambda: (other.kill(), other.wait()))
        with open(os.path.join(self.group, "cgroup.procs"), "w") as file:
            file.write(str(other.pid))
        self.assert_refused(self.shell("true", "--memory", "64m"), "other processes than the caller", "systemd-run")


class InAContainer(WithControllers):
    """Root, in the cgroup namespace of a container around, whose processes are in the group that is the root of the tree there."""
    ENTER = """
echo $$ >"$1/cgroup.procs"
shift
exec unshare --mount --cgroup --propagation private sh -ec 'umount -l "$1"; mount -t cgroup2 cgroup2 "$1"; shift; exec "$@"' sh "$@"
"""

    def as_user(self, *argv):
        return ["sh", "-ec", self.ENTER, "sh", self.group, cgroup2(), *argv]

    def test_a_container_in_a_container(self):
        self.assertEqual(self.output("cat /proc/self/cgroup"), "0::/\n")
        self.assertEqual(self.group_type(), "domain\n")
        self.assert_refused(self.shell("true", "--memory", "64m"), "controller 'memory'", "move them to a group of their own")
        self.assertEqual(self.container_groups(), [])


if "memory" not in controllers():
    del WithControllers, Limits, InAContainer

if __name__ == "__main__":
    main()
