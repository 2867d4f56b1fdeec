"""A plain user who isn't in the host's files: everything is run with his ids, in a mount namespace whose /etc knows him."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cvctl"))
from support import CVCTL, DEADLINE, main  # noqa: E402

BUILD = os.environ["CV_BUILD"]
ROOTFS = os.environ["CV_SUITE_ROOTFS"]  # root's; each test has a copy that belongs to the user
UID, SUB, SUBS = 48111, 700000000, 65536
OURS = 125
ENTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "enter.py")


def poll(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not after {seconds} s: {what()}")
        time.sleep(0.02)


def processes():
    """Of the user and of his sub-ids, zombies aside."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if not name.isdigit():
                continue
            with open(f"/proc/{name}/status") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            uid = int(status["Uid"].split()[0])
            if (uid == UID or SUB <= uid < SUB + SUBS) and not status["State"].startswith("Z"):
                found.append((int(name), status["Name"]))
        except (OSError, KeyError):
            pass  # it has ended
    return found


def remove(folder):
    """With what a guardian's child may be deleting at the same time."""
    end = time.monotonic() + 20
    while os.path.lexists(folder):
        try:
            shutil.rmtree(folder)
        except OSError:  # gone, or filled again, between a look and a delete
            if time.monotonic() > end:
                raise


class Case(unittest.TestCase):
    subids = True
    group = ""  # the folder of the cgroup that the user is in; "": where we are
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        """The root is one for all: most have it below a throw-away upper."""
        super().setUpClass()
        place = tempfile.mkdtemp(prefix="containerv-user-", dir="/tmp")
        cls.addClassCleanup(remove, place)
        os.chmod(place, 0o700)
        os.chown(place, UID, UID)
        cls.root = os.path.join(place, "root")
        cls.make_root()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="containerv-user-", dir="/tmp")
        self.addCleanup(remove, self.folder)
        os.chmod(self.folder, 0o755)
        self.etc, self.home = (os.path.join(self.folder, name) for name in ("etc", "home"))
        self.make_etc()
        for name in ("home", "home/run"):
            os.mkdir(os.path.join(self.folder, name), 0o700)
            os.chown(os.path.join(self.folder, name), UID, UID)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home, "XDG_RUNTIME_DIR": os.path.join(self.home, "run"),
                    "XDG_STATE_HOME": os.path.join(self.home, "state")}
        self.state = os.path.join(self.home, "state", "containerv")

    def make_etc(self):
        os.mkdir(self.etc)
        entries = {"passwd": f"tester:x:{UID}:{UID}::{self.home}:/bin/sh\n", "group": f"tester:x:{UID}:\n"}
        for name, line in entries.items():
            shutil.copy("/etc/" + name, self.etc)
            with open(os.path.join(self.etc, name), "a") as file:
                file.write(line)
        for name, who in (("subuid", "tester"), ("subgid", UID)):
            with open(os.path.join(self.etc, name), "w") as file:
                file.write(f"{who}:{SUB}:{SUBS}\n" if self.subids else "")

    @classmethod
    def make_root(cls):
        subprocess.run(["cp", "-a", ROOTFS, cls.root], check=True)
        for folder, folders, files in os.walk(cls.root):
            for path in [folder] * (folder == cls.root) + [os.path.join(folder, name) for name in folders + files]:
                owner = os.lstat(path).st_uid
                owner = UID if owner == 0 or not cls.subids else SUB + owner - 1
                os.chown(path, owner, owner, follow_symlinks=False)

    def as_user(self, *argv):
        return [sys.executable, "-SIB", ENTER, self.etc, self.group, str(UID), BUILD, *argv]

    def command(self, *args, root=None):
        return self.as_user(CVCTL, "run", "--rootfs", root or self.root + ":O", *args)

    def run_container(self, *args, root=None, env=None):
        return subprocess.run(self.command(*args, root=root), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, env=env or self.env, cwd="/")

    def shell(self, script, *options, **more):
        return self.run_container(*options, "--", "/bin/sh", "-c", script, **more)

    def output(self, script, *options, **more):
        """What a script that must succeed prints."""
        result = self.shell(script, *options, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout

    def assert_refused(self, result, *words):
        self.assertEqual((result.returncode, result.stdout), (OURS, ""), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def start(self, *args):
        process = subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=self.env, cwd="/")
        self.addCleanup(lambda: (process.kill(), process.communicate(timeout=DEADLINE)))
        return process

    def left(self):
        """What is left of containers in the user's folders."""
        places = [os.path.join(self.state, "containers"), os.path.join(self.state, "trash"), os.path.join(self.home, "run", "containerv")]
        names = [name for place in places if os.path.isdir(place) for name in os.listdir(place)]
        return [name for name in names if name not in ("alive", "layers", "lock")]

    def assert_nothing_left(self):
        poll(lambda: not processes(), lambda: processes())
        poll(lambda: not self.left(), lambda: self.left())


__all__ = ["BUILD", "CVCTL", "Case", "OURS", "SUB", "SUBS", "UID", "main", "os", "poll", "processes", "remove", "shutil", "subprocess", "unittest"]
