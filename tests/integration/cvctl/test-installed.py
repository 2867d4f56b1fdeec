"""An install tree runs from wherever it is: it is installed, moved, and used in the new place.

Nothing of it may be found by the path that was chosen when it was built, nor by a variable.
"""
import os
import shutil
import subprocess
import tempfile
import unittest

FOLDER = None


def setUpModule():
    global FOLDER
    FOLDER = tempfile.TemporaryDirectory(prefix="containerv-installed-", dir=os.environ["BUILD"])
    first = os.path.join(FOLDER.name, "first")
    subprocess.run([os.environ["CMAKE"], "--install", os.environ["BUILD"], "--prefix", first], check=True, stdout=subprocess.DEVNULL)
    os.rename(first, os.path.join(FOLDER.name, "moved"))


def tearDownModule():
    FOLDER.cleanup()


def cvctl(*args):
    program = os.path.join(FOLDER.name, "moved", os.environ["BINDIR"], "cvctl")
    environment = {name: value for name, value in os.environ.items() if name not in ("CONTAINERV_GUARDIAN", "LD_LIBRARY_PATH")}
    return subprocess.run([program, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment)


class Installed(unittest.TestCase):
    def test_version(self):
        result = cvctl("version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(os.environ["VERSION"], result.stdout)

    def test_doctor(self):
        result = cvctl("doctor")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertRegex(result.stdout, r"(?m)^ok +back end ")

    def test_run(self):
        result = cvctl("run", "--rootfs", os.environ["ROOTFS"] + ":O", "--", "/bin/sh", "-c", "echo inside as $(id -u)")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("inside as 0", result.stdout)

    def test_without_its_guardian(self):
        """The guardian that the other tests use is that of the moved tree."""
        if os.path.exists(os.environ["INSTALLED"]):
            self.skipTest("containerv is installed on this machine: its guardian would be taken")
        program = os.path.join(FOLDER.name, "moved", os.environ["LIBEXECDIR"], "containerv/cv-guardian")
        shutil.move(program, program + ".away")
        try:
            result = cvctl("run", "--rootfs", os.environ["ROOTFS"] + ":O", "--", "/bin/true")
        finally:
            shutil.move(program + ".away", program)
        self.assertEqual(result.returncode, 125)
        self.assertIn("cv-guardian", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
