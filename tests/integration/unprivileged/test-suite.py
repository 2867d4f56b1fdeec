"""The neutral suite as a plain user. What his back end lacks is skipped by the feature bits."""
import glob

from user import *

ROOTS = ("suite-copy",)  # makes files of several owners on the host
PROGRAMS = [p for p in sorted(glob.glob(os.path.join(BUILD, "tests", "suite-*"))) if os.path.basename(p) not in ROOTS]


class Both:
    def run_program(self, program):
        env = dict(self.env, CONTAINERV_BACKEND="linux", CV_SUITE_ROOTFS=self.root)
        result = subprocess.run(self.as_user(program), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=120, env=env, cwd="/")
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_all(self):
        self.assertGreater(len(PROGRAMS), 8)
        for program in PROGRAMS:
            with self.subTest(os.path.basename(program)):
                self.run_program(program)
        self.assert_nothing_left()


class WithSubIds(Both, Case):
    pass


class WithoutSubIds(Both, Case):
    subids = False


if __name__ == "__main__":
    main()
