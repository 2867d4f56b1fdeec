"""The filter of system calls, seen from the inside."""
from cases import *

# what the review asks to be refused, and the answer: a program asks for the first kind knowing what it does, the second it may do without
REFUSED = """unshare-user unshare-mount clone-user clone-mount setns mount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount
fspick mount_setattr keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
open_by_handle_at kexec_load init_module finit_module delete_module reboot swapon swapoff acct settimeofday clock_settime quotactl
syslog sethostname""".split()
UNKNOWN = ["clone3", "unknown", "unknown-large"]


class Filter(Case):
    def test_T17_matrix(self):
        expected = {**dict.fromkeys(REFUSED, "EPERM"), **dict.fromkeys(UNKNOWN, "ENOSYS"), "getpid": "0"}
        for options in ([], ["-u", "1000:1000"], ["--no-init"], ["--share", "users"]):
            self.assertEqual(self.probe("calls", options=options), expected, options)

    def test_T17_the_matrix_sees_the_filter(self):
        """Without it some of the calls are let through, so the matrix is not the kernel's own refusal."""
        got = self.probe("calls", options=["--security-opt", "seccomp=unconfined"])
        self.assertEqual(got["unshare-user"], "0")
        self.assertNotEqual(got["clone3"], "ENOSYS")
        self.assertEqual(got["fsconfig"], "EBADF" if got["fsconfig"] != "EINVAL" else "EINVAL")

    def test_T18_no_input_can_be_pushed(self):
        terminal = Terminal("--rootfs", self.root, "-t", "--", "/bin/probe", "push-input")
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.end(), 0, terminal.output)
        answers = [line.split()[1] for line in terminal.output.decode().splitlines() if line.strip()]
        self.assertEqual(answers, ["EPERM"] * 5, terminal.output)

    def test_T32_no_second_procfs(self):
        self.assertEqual(self.probe("mount-proc", "/tmp"), {"proc": "EPERM", "nested unshare": "EPERM"})
        loose = ["--security-opt", "seccomp=unconfined"]
        got = self.probe("mount-proc", "/tmp", options=[*loose, "--cap-add", "SYS_ADMIN"])
        self.assertEqual(got, {"proc": "EPERM", "nested": "EPERM"})
        self.assertEqual(self.probe("mount-proc", "/tmp", options=loose)["nested"], "EPERM")


if __name__ == "__main__":
    main()
