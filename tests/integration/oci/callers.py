"""What the tests of an OCI runtime's callers share. They run in enclose.sh: what is below /run is theirs, and ends with them."""
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cvctl"))
from support import Terminal, main  # noqa: E402

RUNTIME = os.environ["OCI_RUNTIME"]
ROOTFS = os.environ["OCI_ROOTFS"]
GROUP = os.environ["OCI_GROUP"]  # the name of the group that has all groups of the test
PLACE = "/run/test"
DEADLINE = 60  # seconds; nothing takes a tenth of it


def poll(condition, what, seconds=DEADLINE):
    """Its first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not after {seconds} s: {what}")
        time.sleep(0.02)


def call(*argv, stdin=None, **more):
    """The finished command: returncode, stdout and stderr as text."""
    return subprocess.run(argv, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, text=True,
                          timeout=DEADLINE, **more)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def tar_of_the_root():
    path = os.path.join(PLACE, "root.tar")
    if not os.path.exists(path):
        subprocess.run(["tar", "-C", ROOTFS, "-cf", path, "."], check=True)
    return path


def group_of(pid, controller):
    """The folder of a process's group, in the hierarchy that has this controller."""
    unified = None
    with open(f"/proc/{pid}/cgroup") as file:
        for line in file:
            _, names, path = line.rstrip("\n").split(":", 2)
            if controller in names.split(","):
                return f"/sys/fs/cgroup/{controller}{path}"
            if names == "":
                unified = path
    return ("/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup") + unified


def read(folder, name):
    with open(os.path.join(folder, name)) as file:
        return file.read().strip()


def limit_of(pid, controller, name_v1, name_v2):
    """The text of the limit's file, of whichever version there is."""
    folder = group_of(pid, controller)
    return read(folder, name_v1 if os.path.exists(os.path.join(folder, name_v1)) else name_v2)


def cpu_limit_of(pid):
    """Processors."""
    folder = group_of(pid, "cpu")
    if os.path.exists(os.path.join(folder, "cpu.max")):
        quota, period = read(folder, "cpu.max").split()
    else:
        quota, period = read(folder, "cpu.cfs_quota_us"), read(folder, "cpu.cfs_period_us")
    return int(quota) / int(period)


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Case(unittest.TestCase):
    maxDiff = None

    def terminal(self, *argv, **more):
        terminal = Terminal(argv=list(argv), **more)
        self.addCleanup(terminal.close)
        return terminal

    def assert_ends(self, result, code, *words):
        """Words whose case is the same to callers, too."""
        said = result.stdout + result.stderr
        self.assertEqual(result.returncode, code, said)
        for word in words:
            self.assertIn(word.lower(), said.lower())


__all__ = ["Case", "DEADLINE", "GROUP", "PLACE", "ROOTFS", "RUNTIME", "call", "cpu_limit_of", "group_of", "limit_of", "main", "os", "poll",
           "status_of", "subprocess", "tar_of_the_root", "time", "unittest", "write"]
