"""The neutral suite as a plain user. What his back end lacks is skipped by the feature bits."""
import glob
import re

from user import *

ROOTS = ("suite-copy",)  # makes files of several owners on the host
PROGRAMS = [p for p in sorted(glob.glob(os.path.join(BUILD, "tests", "suite-*"))) if os.path.basename(p) not in ROOTS]


# What may be skipped, and no more: without a delegated cgroup there is no pause and there are no limits, without root there is no veth pair,
# and no container has ids of its own.
SKIPS = {"a_source_can_be_given_to_the_user", "pids_that_are_kept_leave_room_under_a_limit", "two_pairs_do_not_disturb_each_other",
         "veth_connects_container_and_host", "what_is_paused_can_be_destroyed", "what_is_paused_can_be_killed",
         "what_is_paused_does_not_run"}
# With one id there are no other users.
SKIPS_OF_ONE_ID = SKIPS | {"an_unknown_user_is_told", "another_user_is_under_the_policy_too", "by_default_only_root_reads_it",
                           "content_owner_and_mode_are_as_asked", "groups_are_those_of_the_file_and_those_given",
                           "spawn_options_win", "users_are_looked_up_inside"}


class Both:
    def run_program(self, program):
        # A test that is skipped leaves what it had begun with; leaks are looked for when root runs the suite, which skips none.
        env = dict(self.env, CONTAINERV_BACKEND="linux", CV_SUITE_ROOTFS=self.root, ASAN_OPTIONS="detect_leaks=0")
        result = subprocess.run(self.as_user(program), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=120, env=env, cwd="/")
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_all(self):
        self.assertGreater(len(PROGRAMS), 8)
        skipped = set()
        for program in PROGRAMS:
            with self.subTest(os.path.basename(program)):
                skipped |= set(re.findall(r"^\[  SKIPPED \] (\w+)$", self.run_program(program), re.M))
        self.assertEqual(skipped, self.skips)
        self.assert_nothing_left()


class WithSubIds(Both, Case):
    skips = SKIPS


class WithoutSubIds(Both, Case):
    subids = False
    skips = SKIPS_OF_ONE_ID


if __name__ == "__main__":
    main()
