"""What the security tests share: a root with busybox and the probe, host files that must stay as they are, and the run of cvctl."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cvctl"))
from support import CVCTL, DEADLINE, Terminal, main  # noqa: E402

BUILD = os.environ["CV_BUILD"]
PROBE, EVIL, BUSYBOX = os.environ["CV_PROBE"], os.environ["CV_EVIL"], os.environ["CV_BUSYBOX"]
GUARDIAN = os.path.join(BUILD, "libexec", "containerv", "cv-guardian")
APPLETS = "cat head chmod chown cp echo env false id kill ln ls mkdir mknod mount mv rm sh sleep stat test touch true umount".split()
ROUNDS = int(os.environ.get("CV_ROUNDS", "100"))  # of each race; 500 and more to soak
OURS = 125  # what cvctl exits with when it is our error, not the program's


def put(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def poll(condition, what, seconds=20):
    """Wait until the condition holds; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not after {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def guardians():
    """Processes that run our guardian's program: it, and the PID 1 of its containers."""
    found, program = set(), os.path.realpath(GUARDIAN)
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/exe") == program:
                found.add(int(name))
        except OSError:
            pass  # it has ended, or is none of ours
    return found


class Case(unittest.TestCase):
    """Each test has a folder, in it `root` for the container and `marker` for what nobody may touch."""
    maxDiff = None

    def setUp(self):
        base = os.path.join(BUILD, "tests", "security")
        os.makedirs(base, exist_ok=True)
        self.folder = tempfile.mkdtemp(dir=base, prefix=self._testMethodName[:24] + "-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "root")
        self.marker = os.path.join(self.folder, "marker")
        self.make_root()
        self.make_marker()

    def make_root(self):
        for folder in ("bin", "dev", "proc", "sys", "tmp", "etc", "root"):
            os.makedirs(os.path.join(self.root, folder))
        os.chmod(self.inside("tmp"), 0o1777)
        shutil.copy(BUSYBOX, self.inside("bin/busybox"))
        shutil.copy(PROBE, self.inside("bin/probe"))
        for applet in APPLETS:
            os.symlink("busybox", self.inside("bin/" + applet))
        put(self.inside("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/:/bin/sh\n")
        put(self.inside("etc/group"), "root:x:0:\nbob:x:1000:\n")

    def make_marker(self):
        self.canary = os.path.join(self.marker, "canary")
        put(self.canary, "as it was\n")
        os.utime(self.canary, (1000, 1000))
        os.utime(self.marker, (1000, 1000))

    def inside(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def source(self, name="source", owner=0):
        """A folder of the host for a bind mount."""
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        os.chown(path, owner, owner)
        return path

    def links_to_marker(self, below="", depth=1):
        """The ways to write a link, `depth` folders deep in the root, that leads out of it to the marker if it is followed on the host."""
        relative = "../" * depth + "marker"
        return [path + below for path in (self.marker, relative, "../" * 30 + self.marker.lstrip("/"))]

    def assert_untouched(self):
        self.assertEqual(os.listdir(self.marker), ["canary"])
        for path in (self.marker, self.canary):
            stat = os.stat(path)
            self.assertEqual((stat.st_mtime, stat.st_uid), (1000, 0), path)
        with open(self.canary) as file:
            self.assertEqual(file.read(), "as it was\n")
        with open("/proc/self/mountinfo") as file:
            self.assertNotIn(self.folder, file.read())

    def command(self, *args, root=None):
        return [CVCTL, "run", "--rootfs", root or self.root, *args]

    def run_container(self, *args, root=None, seconds=DEADLINE, **more):
        return subprocess.run(self.command(*args, root=root), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, **more)

    def output(self, *args, **more):
        """What a run that must succeed prints."""
        result = self.run_container(*args, **more)
        self.assertEqual(result.returncode, 0, (args, result.stdout, result.stderr))
        return result.stdout

    def probe(self, *args, options=(), **more):
        """The probe's lines: the last word of each by what is before it."""
        lines = self.output(*options, "--", "/bin/probe", *args, **more).splitlines()
        return dict(line.rsplit(" ", 1) if " " in line else (line, "") for line in lines)

    def shell(self, script, *options, **more):
        return self.run_container(*options, "--", "/bin/sh", "-c", script, **more)

    def start(self, *args):
        """A container that runs until the test ends."""
        process = subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        process.kill()
        process.communicate(timeout=DEADLINE)

    def assert_refused(self, result, *words):
        self.assertEqual(result.returncode, OURS, (result.stdout, result.stderr))
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)


__all__ = ["BUILD", "CVCTL", "Case", "DEADLINE", "EVIL", "GUARDIAN", "OURS", "PROBE", "ROUNDS", "Terminal", "guardians", "main", "os", "poll", "put",
           "shutil", "subprocess", "time", "unittest"]
