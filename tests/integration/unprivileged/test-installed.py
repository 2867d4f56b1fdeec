"""T31: nothing that is installed runs with more rights than its caller's."""
import os
import unittest

BUILD = os.environ["CV_BUILD"]


def bad(path):
    info = os.lstat(path)
    return info.st_mode & 0o6000 != 0 or (not os.path.islink(path) and "security.capability" in os.listxattr(path))


class Installed(unittest.TestCase):
    def test_t31_no_setuid_program(self):
        found = []
        for folder, folders, files in os.walk(os.path.join(BUILD, "install")):
            found += [os.path.join(folder, name) for name in folders + files]
        self.assertIn("cv-guardian", [os.path.basename(path) for path in found])
        self.assertEqual([path for path in found if bad(path)], [])

    def test_t31_the_test_would_see_one(self):
        self.assertTrue(bad("/usr/bin/passwd"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
