"""cvctl inside a container of cvctl's: each flag that the outer one lacks is named, and with them it works."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cvctl"))
from support import CVCTL, DEADLINE, main  # noqa: E402

ROOTFS = os.environ["CV_SUITE_ROOTFS"]
ADMIN, UNFILTERED, UNMASKED = ["--cap-add", "SYS_ADMIN"], ["--security-opt", "seccomp=unconfined"], ["--security-opt", "unmask=ALL"]
STATE = ["--tmpfs", "/var/lib/containerv"]


class Nested(unittest.TestCase):
    def nested(self, *options):
        """The host's root is the outer container's, under a throw-away upper."""
        inner = [CVCTL, "run", "--rootfs", ROOTFS + ":O", "--", "sh", "-c", "id -u; cat /proc/self/uid_map; readlink /proc/self/ns/pid"]
        return subprocess.run([CVCTL, "run", "--rootfs", "/:O", "--tmpfs", "/run", *options, "--", *inner], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=DEADLINE)

    def refused(self, words, *options):
        result = self.nested(*options)
        self.assertEqual((result.returncode, result.stdout), (125, ""), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr, options)

    def works(self, *options):
        result = self.nested(*options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), options)
        self.assertEqual(result.stdout.split()[:4], ["0", "0", "0", "65536"])

    def test_the_filter(self):
        self.refused(["clone3", "seccomp=unconfined"], *STATE)
        self.refused(["seccomp=unconfined"], *STATE, *ADMIN, *UNMASKED)

    def test_the_masks(self):
        for options in (UNFILTERED, UNFILTERED + ADMIN):
            self.refused(["/proc", "unmask=ALL", "systempaths=unconfined"], *STATE, *options)

    def test_the_state_folder(self):
        self.refused(["overlay", "CONTAINERV_STATE_DIR"], *UNFILTERED, *UNMASKED)

    def test_with_all_flags(self):
        self.works(*STATE, *UNFILTERED, *UNMASKED)
        self.works(*STATE, *UNFILTERED, *UNMASKED, *ADMIN)
        self.works(*STATE, *UNFILTERED, *UNMASKED, "--network", "host")


if __name__ == "__main__":
    main()
