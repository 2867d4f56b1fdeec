"""Hooks of all kinds: when, where and with what they are run, and what comes of those that fail."""
from bundles import *

TOLD = 'read -r state; echo "KIND $state" >>$0/log; for ns in mnt uts; do readlink /proc/self/ns/$ns; done >$0/KIND.ns; pwd >$0/KIND.pwd'
KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


def shell(script, *args, **more):
    return {"path": "/bin/sh", "args": ["sh", "-c", script, *args], "env": ["PATH=/usr/bin:/bin"], **more}


class HooksCase(BundleCase):
    def hook(self, kind, script, **more):
        return shell(script.replace("KIND", kind), "/log" if kind == "startContainer" else f"{self.bundle}/log", **more)

    def document(self, args=("sleep", "600"), **hooks):
        mounts = config()["mounts"] + [{"destination": "/log", "type": "bind", "source": f"{self.bundle}/log", "options": ["bind"]}]
        return config(hooks=hooks, mounts=mounts, process__args=list(args))

    def assert_created(self, document):
        code, output = self.create(document)
        self.assertEqual(code, 0, output)

    def assert_not_created(self, document, *words):
        code, output = self.create(document)
        self.assertNotEqual(code, 0, output)
        self.assertEqual(self.state()["status"], "none")
        for word in words:
            self.assertIn(word.lower(), output.lower())

    def wait_for_end(self):
        poll(lambda: self.state()["status"] == "stopped", "it has stopped")


class AllKinds(HooksCase):
    def setUp(self):
        super().setUp()
        document = self.document(**{kind: [self.hook(kind, TOLD)] for kind in KINDS})
        document["annotations"] = {"org.example": "yes"}
        self.assert_created(document)

    def told(self):
        """(kind, state) in the order in which they came."""
        return [(line.split()[0], json.loads(line.split(" ", 1)[1])) for line in self.log()]

    @unittest.skipIf("runc" in RUNTIME, "runs poststart when it is created")
    def test_order_and_state(self):
        pid = self.state()["pid"]
        self.assertEqual([kind for kind, _ in self.told()], KINDS[:3])
        self.assert_ends(self.runtime("start", self.name), 0)
        self.assertEqual([kind for kind, _ in self.told()], KINDS[:5])
        self.assert_ends(self.runtime("kill", self.name, "KILL"), 0)
        self.wait_for_end()
        self.assertEqual([kind for kind, _ in self.told()], KINDS[:5])
        self.assert_ends(self.runtime("delete", self.name), 0)
        self.assertEqual([kind for kind, _ in self.told()], KINDS)
        for kind, state in self.told():
            self.assertEqual((state["id"], state["bundle"]), (self.name, self.bundle), kind)
            self.assertEqual(state["annotations"]["org.example"], "yes", kind)
            self.assertRegex(state["ociVersion"], r"^1\.")
        states = dict(self.told())
        self.assertEqual([states[kind]["status"] for kind in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")],
                         ["creating", "creating", "creating", "running", "stopped"])
        for kind in ("prestart", "createRuntime", "poststart"):
            self.assertEqual(states[kind]["pid"], pid, kind)

    def test_namespaces(self):
        self.assert_ends(self.runtime("start", self.name), 0)
        pid = self.state()["pid"]
        own = [os.readlink("/proc/self/ns/mnt"), os.readlink("/proc/self/ns/uts")]
        inside = [os.readlink(f"/proc/{pid}/ns/mnt"), os.readlink(f"/proc/{pid}/ns/uts")]
        for kind in KINDS[:5]:
            poll(lambda: len(self.log(f"{kind}.ns")) == 2, kind)
            self.assertEqual(self.log(f"{kind}.ns"), inside if kind in ("createContainer", "startContainer") else own, kind)
        if OURS:
            for kind in ("prestart", "createRuntime", "createContainer", "poststart"):
                self.assertEqual(self.log(f"{kind}.pwd"), [self.bundle], kind)


class WhatTheyGet(HooksCase):
    def test_several_in_order(self):
        self.assert_created(self.document(createRuntime=[self.hook("createRuntime", f"echo {i} >>$0/log") for i in range(5)]))
        self.assertEqual(self.log(), ["0", "1", "2", "3", "4"])

    def test_a_large_state(self):
        document = self.document(**{kind: [self.hook(kind, "wc -c >$0/KIND.size")] for kind in KINDS[:4]})
        document["annotations"] = {"large": "x" * (1 << 20)}
        self.assert_created(document)
        self.assert_ends(self.runtime("start", self.name), 0)
        for kind in KINDS[:4]:
            poll(lambda: self.log(f"{kind}.size"), kind)
            self.assertGreater(int(self.log(f"{kind}.size")[0]), 1 << 20, kind)

    def test_a_large_state_that_nobody_reads(self):
        document = self.document(createRuntime=[self.hook("createRuntime", "exec <&-; echo done >$0/log")])
        document["annotations"] = {"large": "x" * (1 << 20)}
        self.assert_created(document)
        self.assertEqual(self.log(), ["done"])

    def test_its_mounts_are_seen_before_they_are_all(self):
        script = f'[ -e {self.rootfs}/log ] && [ -e {self.rootfs}/proc/mounts ] && [ -e /proc/self/fd ] && echo seen >$0/log'
        self.assert_created(self.document(createContainer=[self.hook("createContainer", script)]))
        self.assertEqual(self.log(), ["seen"])

    @unittest.skipUnless(OURS, "others give them their own environment")
    def test_only_their_environment(self):
        hook = {"path": "/usr/bin/env", "env": ["A=1", "B=2"]}
        code, output = self.create(self.document(createRuntime=[hook]))
        self.assertEqual((code, output.splitlines()), (0, ["A=1", "B=2"]))

    @unittest.skipUnless(OURS, "others leave some open")
    def test_no_descriptors(self):
        self.assert_created(self.document(**{kind: [self.hook(kind, "ls /proc/self/fd >$0/KIND.fd")] for kind in KINDS[:3]}))
        for kind in KINDS[:3]:
            self.assertEqual(self.log(f"{kind}.fd"), ["0", "1", "2", "3"], kind)

    def test_the_containers_own_have_its_rights(self):
        """startContainer's are programs of the image: what they could do, it could."""
        rights = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/self/status"
        document = self.document(("/bin/sh", "-c", f"{rights} >/log/program; exec sleep 600"),
                                 startContainer=[self.hook("startContainer", f"{rights} >$0/hook")])
        document["process"].update(noNewPrivileges=True, user={"uid": 1000, "gid": 1000, "additionalGids": [7]})
        document["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["swapon"], "action": "SCMP_ACT_ERRNO"}]}
        os.chmod(f"{self.bundle}/log", 0o777)
        self.assert_created(document)
        self.assert_ends(self.runtime("start", self.name), 0)
        poll(lambda: len(self.log("program")) == len(self.log("hook")) > 0, "the program has told")
        self.assertEqual(self.log("hook"), self.log("program"))
        self.assertIn("NoNewPrivs:\t1", self.log("hook"))

    @unittest.skipUnless(OURS, "others wait for whoever holds stderr")
    def test_what_stays_behind_holds_nobody_up(self):
        script = "sleep 600 & echo $! >$0/pid"
        self.assert_created(self.document(createRuntime=[self.hook("createRuntime", script)]))
        os.kill(int(self.log("pid")[0]), 9)


class WhatFails(HooksCase):
    def test_before_it_is_created(self):
        for kind in KINDS[:3]:
            with self.subTest(kind):
                self.assert_not_created(self.document(**{kind: [self.hook(kind, "echo a reason >&2; exit 3")]}), "a reason")
                self.assert_nothing_left()
                if OURS:
                    self.assert_not_created(self.document(**{kind: [self.hook(kind, "exit 3")]}), f"hooks.{kind}[0]", "code 3")

    def test_those_after_it_are_not_run(self):
        hooks = [self.hook("createRuntime", script) for script in ("echo 1 >>$0/log", "exit 1", "echo 3 >>$0/log")]
        self.assert_not_created(self.document(createRuntime=hooks, createContainer=[self.hook("createContainer", "echo 4 >>$0/log")]))
        self.assertEqual(self.log(), ["1"])

    def test_that_is_not_there(self):
        for kind in KINDS[:3]:
            with self.subTest(kind):
                self.assert_not_created(self.document(**{kind: [{"path": "/no/such/hook"}]}), "/no/such/hook", "no such file or directory")

    def test_a_signal(self):
        self.assert_not_created(self.document(createRuntime=[self.hook("createRuntime", "kill -SEGV $$")]))

    def test_a_timeout(self):
        for kind in KINDS[:3]:
            with self.subTest(kind):
                start = time.monotonic()
                self.assert_not_created(self.document(**{kind: [self.hook(kind, "exec sleep 600", timeout=1)]}))
                self.assertLess(time.monotonic() - start, 30)
                self.assert_nothing_left()

    @unittest.skipUnless(OURS, "runc tells nobody")
    def test_at_the_start(self):
        self.assert_created(self.document(startContainer=[self.hook("startContainer", "echo a reason >&2; exit 3")]))
        result = self.runtime("start", self.name)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("hooks.startContainer[0]", result.stderr)
        self.assertIn("a reason", result.stderr)
        self.wait_for_end()

    @unittest.skipUnless(OURS, "runc ends it")
    def test_after_the_start_is_a_warning(self):
        hooks = [self.hook("poststart", "exit 3"), self.hook("poststart", "echo 2 >>$0/log")]
        self.assert_created(self.document(poststart=hooks))
        result = self.runtime("start", self.name)
        self.assert_ends(result, 0, "hooks.poststart[0]", "code 3")
        self.assertEqual(self.log(), ["2"])
        self.assertEqual(self.state()["status"], "running")

    def test_after_the_end_is_a_warning(self):
        hooks = [self.hook("poststop", "exit 3"), self.hook("poststop", "echo 2 >>$0/log")]
        self.assert_created(self.document(args=["true"], poststop=hooks))
        self.assert_ends(self.runtime("start", self.name), 0)
        self.wait_for_end()
        result = self.runtime("delete", self.name)
        if OURS:
            self.assert_ends(result, 0, "hooks.poststop[0]", "code 3")
            self.assertEqual(self.log(), ["2"])


if __name__ == "__main__":
    main()
