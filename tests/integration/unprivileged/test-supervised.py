"""Supervised containers as a plain user: the programs that root runs too."""
import glob

from user import *

PROGRAMS = sorted(glob.glob(os.path.join(BUILD, "tests", "test-supervised-*")))


class Both:
    def test_all(self):
        self.assertGreater(len(PROGRAMS), 2)
        for program in PROGRAMS:
            with self.subTest(os.path.basename(program)):
                env = dict(self.env, CONTAINERV_BACKEND="linux", CV_SUITE_ROOTFS=self.root, CV_ROUNDS="5", ASAN_OPTIONS="detect_leaks=0")
                result = subprocess.run(self.as_user(program), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, timeout=120, env=env, cwd="/")
                self.assertEqual(result.returncode, 0, result.stdout)
        self.assert_nothing_left()


class WithSubIds(Both, Case):
    pass


class WithoutSubIds(Both, Case):
    subids = False


if __name__ == "__main__":
    main()
