"""cvctl cp as a user runs it, beside a `cvctl run` in another process."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import CVCTL, DEADLINE, main, start

NAME = f"cp-{os.getpid()}"


def cp(*args):
    return subprocess.run([CVCTL, "cp", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)


class Cp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = start("--name", NAME, "--", "/bin/sh", "-c", "mkdir -p /w/d; echo f >/w/d/f; echo up; exec sleep 1000")
        cls.process.stdout.readline()
        end = time.monotonic() + DEADLINE
        while "there is no container" in cp(f"{NAME}:/missing", "/tmp").stderr and time.monotonic() < end:
            time.sleep(0.02)

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.communicate(timeout=DEADLINE)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def good(self, *args):
        result = cp(*args)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""), args)

    def bad(self, *args, words=()):
        result = cp(*args)
        self.assertEqual((result.returncode, result.stdout), (125, ""), args)
        for word in words:
            self.assertIn(word, result.stderr)
        return result.stderr

    def test_there_and_back(self):
        self.good(self.put("a", "text\n"), f"{NAME}:/w/there")
        self.good(f"{NAME}:w/there", self.path("back"))
        with open(self.path("back")) as file:
            self.assertEqual(file.read(), "text\n")
        self.good(f"{NAME}:/w/d", self.folder)
        self.good(f"{NAME}:/w/d/.", self.path("new"))
        self.assertEqual(os.listdir(self.path("new")), os.listdir(self.path("d")))

    def test_owners_are_kept_with_a(self):
        path = self.put("owned", "")
        os.chown(path, 1234, 5678)
        self.good("-a", path, f"{NAME}:/w/")
        self.good("-a", f"{NAME}:/w/owned", self.path("kept"))
        self.good(f"{NAME}:/w/owned", self.path("mine"))
        self.assertEqual((os.stat(self.path("kept")).st_uid, os.stat(self.path("kept")).st_gid), (1234, 5678))
        self.assertEqual(os.stat(self.path("mine")).st_uid, os.geteuid())

    def test_what_is_refused(self):
        self.bad("a", "b", words=["neither", "hint"])
        self.bad(f"{NAME}:/a", f"{NAME}:/b", words=["from one container to another"])
        self.bad("-", f"{NAME}:/", words=["not compressed"])
        self.bad(f"{NAME}:/a", words=["takes two paths"])
        self.bad(f"no{NAME}:/a", self.folder, words=["there is no container"])
        self.bad(f"{NAME}:/missing", self.folder, words=["/missing", "ENOENT"])
        error = json.loads(self.bad("--format", "json", f"{NAME}:/missing", self.folder))
        self.assertEqual(error["name"], "CV_ERR_NOT_FOUND")

    def test_the_rest_goes_on(self):
        self.put("one", "1")
        os.mkfifo(self.path("pipe"))
        self.put("two", "2")
        self.bad(self.folder + "/.", f"{NAME}:/w/rest", words=["FIFO", "1 of the paths"])
        self.good(f"{NAME}:/w/rest/.", self.path("again"))
        self.assertEqual(sorted(os.listdir(self.path("again"))), ["one", "two"])

    def test_names_do_not_steer_the_terminal(self):
        os.mkfifo(self.path("\033[31mred"))
        self.assertNotIn("\033", self.bad(self.folder, f"{NAME}:/w/names"))

    def assert_no_temporary_file(self):
        """The container's end removes it when it finds ours gone, which may be a moment later."""
        end, names = time.monotonic() + DEADLINE, [".cv-"]
        while any(name.startswith(".cv-") for name in names):
            self.assertLess(time.monotonic(), end, names)
            cp(f"{NAME}:/w", self.path("listing"))
            names = os.listdir(self.path("listing"))
            shutil.rmtree(self.path("listing"))

    def test_ctrl_c_leaves_no_part_of_a_file(self):
        with open(self.path("large"), "wb") as file:
            for _ in range(256):
                file.write(os.urandom(1 << 20))
        for wait in (0.02, 0.05, 0.1):
            process = subprocess.Popen([CVCTL, "cp", self.path("large"), f"{NAME}:/w/large"], stderr=subprocess.PIPE, text=True)
            time.sleep(wait)  # somewhere in the middle, or before, or behind: it must be right everywhere
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)
            self.assertIn(process.returncode, (0, 130, -signal.SIGINT))
            found = cp(f"{NAME}:/w/large", self.path("found"))
            if found.returncode == 0:
                self.assertEqual(os.stat(self.path("found")).st_size, 256 << 20)
            self.assert_no_temporary_file()


if __name__ == "__main__":
    main()
