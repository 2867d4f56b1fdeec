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
        os.mkdir(self.group)
        for name in (".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
            os.chown(os.path.join(self.group, name), UID, UID)

    def groups(self, below=""):
        """All groups that are there, the deepest first."""
        return [folder for folder, _, _ in os.walk(os.path.join(self.group, below), topdown=False)]

    def remove_group(self):
        poll(lambda: not processes(), processes)
        for folder in self.groups():
            os.rmdir(folder)

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
        for pid in [process.pid] + [pid for pid, name in processes() if name == "cv-guardian"]:
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not processes(), processes)
        self.assertEqual(self.container_groups(), ["c-dead"])
        group, self.group = self.group, ""
        self.output("true")
        self.group = group
        self.assertEqual(self.container_groups(), [])

    def test_a_controller_that_was_not_delegated(self):
        result = self.shell("true", "--memory", "64m")
        self.assertEqual((result.returncode, result.stdout), (OURS, ""), result.stderr)
        self.assertIn("the controller was not delegated", result.stderr)


class Limits(Group):
    """Where version 2 has the controllers: in the guest."""

    def switch_on(self, controller):
        with open(os.path.join(cgroup2(), "cgroup.subtree_control"), "w") as file:
            file.write("+" + controller)

    def test_a_limit(self):
        """The group that the program is in must give its processes away before it can hand the controller on."""
        self.switch_on("memory")
        top = self.group
        for group in (top, os.path.join(top, "containerv-callers")):  # the second starts where the first was moved to
            self.group = group
            self.assertEqual(self.output("cat /sys/fs/cgroup/memory.max", "--memory", "64m"), f"{64 << 20}\n")
        self.group = top
        self.assertEqual(self.container_groups(), [])

    def test_a_limit_beside_others(self):
        """Processes that are none of ours are not moved about."""
        self.switch_on("memory")
        other = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(lambda: (other.kill(), other.wait()))
        with open(os.path.join(self.group, "cgroup.procs"), "w") as file:
            file.write(str(other.pid))
        self.assert_refused(self.shell("true", "--memory", "64m"), "other processes than the caller", "systemd-run")


if "memory" not in controllers():
    del Limits

if __name__ == "__main__":
    main()
