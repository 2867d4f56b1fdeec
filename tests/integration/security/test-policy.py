"""Policies by way of cvctl: what Landlock and a given filter refuse, also to who tries to get around them."""
import json

from cases import *

WRITE_TMP = ["--landlock-path", "/:rx", "--landlock-path", "/tmp:w"]
LOOSE = ["--security-opt", "no-new-privileges=false", "--cap-add", "ALL"]
KINDS = ([], ["-u", "1000:1000"], ["--no-init"], ["--share", "users"], ["--cap-add", "SYS_ADMIN"], LOOSE)


class Policy(Case):
    def test_writing_only_where_it_is_allowed(self):
        for options in KINDS:
            got = self.shell("echo 1 >/tmp/a && cat /tmp/a; echo 2 >/etc/a; mkdir /tmp/d && mv /tmp/d /etc/d; ls -A /etc; rmdir /tmp/d; rm /tmp/a",
                             *WRITE_TMP, *options)
            self.assertEqual(got.stdout, "1\ngroup\nhostname\nhosts\npasswd\n", (options, got.stderr))

    def test_no_mount_moves_a_rule(self):
        """With every capability: Landlock lets nobody mount, so /etc can't be had at /tmp."""
        options = [*WRITE_TMP, *LOOSE, "--security-opt", "seccomp=unconfined"]
        got = self.run_container(*options, "--", "/bin/probe", "attack", "/tmp/place", "masked")
        self.assertEqual(got.stdout, "control EPERM\n", got.stderr)

    def test_running_only_where_it_is_allowed(self):
        result = self.run_container("--landlock-path", "/etc:rx", "--", "/bin/true")
        self.assertEqual(result.returncode, 126, result.stderr)
        got = self.shell("cp /bin/busybox /tmp/true && /tmp/true", "--landlock-path", "/bin:rx", "--landlock-path", "/tmp:rw")
        self.assertIn("ermission denied", got.stderr)

    def test_no_rule_leaves_the_root(self):
        """A path that is a link out of the root means what it is inside."""
        for number, target in enumerate(self.links_to_marker()):
            os.symlink(target, self.inside(f"etc/link{number}"))
            self.assert_refused(self.shell("true", "--landlock-path", f"/etc/link{number}:rw"), "No such file")
        self.assert_untouched()

    def test_tcp(self):
        """The kernel's two checks, and what it doesn't check."""
        for options in ([], ["-u", "1000:1000", "--no-init"], LOOSE, ["--security-opt", "seccomp=unconfined"]):
            options = ["--landlock-tcp", "4080:connect", "--landlock-tcp", "4081:bind", *options]
            expected = {**dict.fromkeys(["bind", "connect", "fastopen", "mptcp", "smc", "smc-family"], "EACCES"), "udp": "0"}
            expected["io_uring"] = "EACCES" if "seccomp=unconfined" in options else "EPERM"  # our profile has its own answer
            self.assertEqual(self.probe("tcp", "4082", options=options), expected, options)
            self.assertEqual(self.probe("tcp", "4080", options=options), {**expected, "connect": "ECONNREFUSED"}, options)
            got = self.probe("tcp", "4081", options=options)
            self.assertEqual(got, {**expected, "bind": "0"}, options)

    def test_tcp_the_probe_sees_the_rules(self):
        got = self.probe("tcp", "4082", options=["--security-opt", "seccomp=unconfined", "--cap-add", "NET_BIND_SERVICE"])
        self.assertEqual((got["bind"], got["connect"], got["fastopen"]), ("0", "ECONNREFUSED", "ECONNREFUSED"))
        self.assertNotIn("EACCES", got.values())

    def filter(self, *rules, default="SCMP_ACT_ALLOW"):
        path = os.path.join(self.folder, "filter.json")
        put(path, json.dumps({"defaultAction": default, "syscalls": list(rules)}))
        return ["--security-opt", "seccomp=" + path]

    def test_filter_from_a_file(self):
        options = self.filter({"names": ["unshare"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
                              {"names": ["keyctl"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_CHROOT"]}},
                              {"names": ["add_key"], "action": "SCMP_ACT_ERRNO", "errnoRet": 62, "excludes": {"caps": ["CAP_SYS_CHROOT"]}})
        got = self.probe("calls", options=options)
        self.assertEqual((got["unshare-user"], got["keyctl"]), ("ENOTSUP" if "ENOTSUP" in got.values() else "EOPNOTSUPP", "EPERM"))
        self.assertNotEqual(got["add_key"], "ETIME")
        self.assertEqual(self.probe("calls", options=[*options, "--cap-drop", "SYS_CHROOT"])["add_key"], "ETIME")

    def test_filter_that_kills(self):
        result = self.run_container(*self.filter({"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"}), "--", "/bin/sh", "-c", ":")
        self.assertEqual(result.returncode, 128 + 31, result.stderr)

    def test_filter_that_is_none(self):
        rule = {"names": ["read"], "action": "SCMP_ACT_ERRNO", "include": {}}
        self.assert_refused(self.run_container(*self.filter(rule), "--", "/bin/true"), "filter.json", "syscalls[0].include")
        rule = {"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}
        self.assert_refused(self.run_container(*self.filter(rule), "--", "/bin/true"), "syscalls[0]", "no_such_call")
        rule = {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}
        self.assert_refused(self.run_container(*self.filter(rule, default="SCMP_ACT_ERRNO"), "--", "/bin/true"), "execve")
        self.assert_refused(self.run_container("--security-opt", "seccomp=/there/is/none", "--", "/bin/true"), "/there/is/none")

    def test_strict(self):
        status = self.output("--security-opt", "level=strict", "--", "/bin/cat", "/proc/self/status")
        self.assertIn("CapBnd:\t0000000000000000", status)
        self.assertEqual(self.output("--security-opt", "level=strict", "--", "/bin/cat", "/proc/kallsyms"), "")
        for options in (["--security-opt", "no-new-privileges=false"], ["--share", "users"], ["--security-opt", "seccomp=unconfined"]):
            self.assert_refused(self.run_container("--security-opt", "level=strict", *options, "--", "/bin/true"))

    def test_masks(self):
        put(self.inside("etc/secret/key"), "secret")
        script = "cat /etc/passwd /etc/secret/key; ls -A /etc/secret"
        got = self.shell(script, "--security-opt", "mask=/etc/passwd:/etc/secret")
        self.assertEqual(got.stdout, "", got.stderr)
        self.assertEqual(self.shell("cat /proc/interrupts", "--security-opt", "unmask=/proc/interrupts").stdout.split()[0], "CPU0")
        self.assertEqual(self.shell("cat /proc/interrupts").stdout, "")
        self.assert_refused(self.shell("true", "--security-opt", "unmask=/proc"), "/proc")


if __name__ == "__main__":
    main()
