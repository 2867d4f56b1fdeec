"""The commands for containers that outlive their caller, as a user types them."""
import base64

from support import *

LOOP = "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"


class Manage(unittest.TestCase):
    count = 0

    def setUp(self):
        Manage.count += 1
        self.name = f"manage-{os.getpid()}-{Manage.count}"
        self.addCleanup(cvctl, "rm", "-f", self.name)

    def good(self, *args, **more):
        result = cvctl(*args, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""), args)
        return result.stdout

    def make(self, script, *options, what="run"):
        args = [what, *(["-d"] if what == "run" else []), *ROOT.split(), "--name", self.name, *options, "--", "/bin/sh", "-c", script]
        self.assertEqual(self.good(*args), self.name + "\n")

    def follow(self, *args, **more):
        process = subprocess.Popen([CVCTL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   **{"stdin": subprocess.DEVNULL, **more})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def info(self):
        return json.loads(self.good("inspect", self.name))[0]

    def until(self, question, wanted):
        end = time.monotonic() + DEADLINE
        while (found := question()) != wanted:
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.02)

    def test_from_run_to_rm(self):
        self.make(LOOP)
        self.assertIn(self.name, self.good("ps", "-q").split())
        self.assertEqual(self.good("stop", self.name), self.name + "\n")
        self.assertNotIn(self.name, self.good("ps", "-q").split())
        self.assertRegex(self.good("ps", "-a", "--filter", f"id={self.name}"), r"Exited \(5\)")
        self.assertEqual(self.good("wait", self.name), "5\n")
        info = self.info()
        self.assertEqual((info["state"], info["exit"]["code"], info["exit"]["reason"]), ("stopped", 5, "exited"))
        self.assertEqual(self.good("logs", self.name), "up\n")
        self.assertEqual(self.good("rm", self.name), self.name + "\n")
        result = cvctl("inspect", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))

    def test_create_and_start(self):
        self.make("echo hi; exit 3", what="create")
        self.assertEqual(self.info()["state"], "created")
        self.assertIn("Created", self.good("ps", "-a", "--filter", "status=created", "--filter", f"id={self.name}"))
        self.assertEqual(self.good("start", self.name), self.name + "\n")
        self.assertEqual(self.good("wait", self.name), "3\n")
        result = cvctl("start", "-a", self.name)
        self.assertEqual((result.returncode, result.stdout), (3, "hi\n"))
        self.assertEqual(self.good("logs", self.name), "hi\nhi\n")
        self.assertEqual(self.good("logs", "--tail", "1", self.name), "hi\n")
        self.assertEqual(self.good("logs", self.name, "--tail", "1"), "hi\n") # docker takes it here too

    def test_start_refuses_what_runs(self):
        self.make(LOOP)
        result = cvctl("start", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))

    def test_rm_refuses_what_runs(self):
        self.make(LOOP)
        result = cvctl("rm", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("runs", result.stderr)
        self.assertEqual(self.good("rm", "-f", self.name), self.name + "\n")

    def test_kill(self):
        self.make("trap 'exit 6' USR1; echo up; while :; do sleep 0.05; done")
        self.until(lambda: self.good("logs", self.name), "up\n")
        self.assertEqual(self.good("kill", "-s", "USR1", self.name), self.name + "\n")
        self.assertEqual(self.good("wait", self.name), "6\n")
        result = cvctl("kill", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("does not run", result.stderr)

    def test_stop_kills_what_does_not_end(self):
        self.make("trap '' TERM; echo up; while :; do sleep 0.05; done")
        self.until(lambda: self.good("logs", self.name), "up\n")
        self.good("stop", "-t", "0", self.name)
        self.assertEqual(json.loads(self.good("wait", "--format", "json", self.name))["signal"], 9)

    def test_wait_for_several(self):
        self.make(LOOP)
        waiter = self.follow("wait", self.name, self.name, "no-such-container")
        self.good("stop", self.name)
        code, out, err = finish(waiter)
        self.assertEqual((code, out), (1, "5\n5\n"))
        self.assertIn("no-such-container", err)

    def test_logs_keep_streams_apart(self):
        self.make("echo out; echo err >&2; printf '\\377\\000x'")
        self.good("wait", self.name)
        result = subprocess.run([CVCTL, "logs", self.name], capture_output=True, timeout=DEADLINE)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"out\n\xff\0x", b"err\n"))
        result = subprocess.run([CVCTL, "logs", "--stderr", self.name], capture_output=True, timeout=DEADLINE)
        self.assertEqual((result.stdout, result.stderr), (b"", b"err\n"))
        rows = [json.loads(line) for line in self.good("logs", "--format", "json", self.name).splitlines()]
        self.assertEqual({row["stream"] for row in rows}, {"stdout", "stderr"})
        data = b"".join(base64.b64decode(row["data"]["base64"]) if isinstance(row["data"], dict) else row["data"].encode()
                        for row in rows if row["stream"] == "stdout")
        self.assertEqual(data, b"out\n\xff\0x")
        again = self.good("logs", "--format", "json", "--offset", str(rows[-1]["offset"]), self.name).splitlines()
        self.assertEqual([json.loads(line) for line in again], rows[-1:])

    def test_logs_of_a_time(self):
        self.make("echo one; sleep 0.3; echo two")
        self.good("wait", self.name)
        rows = [json.loads(line) for line in self.good("logs", "--format", "json", self.name).splitlines()]
        self.assertEqual(self.good("logs", "--since", rows[1]["time"], self.name), "two\n")
        self.assertEqual(self.good("logs", "--until", rows[1]["time"], self.name), "one\n")
        self.assertEqual(self.good("logs", "--since", "1h", self.name), "one\ntwo\n")
        self.assertEqual(self.good("logs", "-t", self.name).splitlines()[1], rows[1]["time"] + " two")
        self.assertEqual(cvctl("logs", "--since", "yesterday", self.name).returncode, 125)
        self.assertEqual(cvctl("logs", "--offset", "999999", self.name).returncode, 1)

    def test_a_follower_sees_all_and_the_end(self):
        self.make("for i in $(seq 20); do echo $i; sleep 0.02; done")
        self.assertEqual(self.good("logs", "-f", self.name), "".join(f"{i}\n" for i in range(1, 21)))

    def test_much_output_is_complete(self):
        lines = 400000
        self.make(f"seq {lines}")
        out = self.good("logs", "-f", self.name)
        self.assertEqual(out, "".join(f"{i}\n" for i in range(1, lines + 1)))

    def test_ctrl_c_ends_a_follower_and_leaves_the_container(self):
        self.make(LOOP)
        for args in (["logs", "-f", self.name], ["wait", self.name]):
            process = self.follow(*args)
            if args[0] == "logs":
                process.stdout.readline()
            else:
                time.sleep(0.2) # nothing tells that it waits
            process.send_signal(signal.SIGINT)
            code, _, err = finish(process)
            self.assertEqual((code, err), (130, ""), args)
        self.assertEqual(self.info()["state"], "running")

    def test_a_reader_that_goes_is_no_error(self):
        self.make("seq 400000; exec sleep 1000")
        process = self.follow("logs", "-f", self.name)
        process.stdout.readline()
        process.stdout.close()
        process.wait(DEADLINE)
        self.assertEqual((process.returncode, process.stderr.read()), (141, ""))

    def test_a_full_disk_is_told_once(self):
        self.make("echo x; sleep 0.2; echo y")
        for args in (["logs", "-f", self.name], ["logs", self.name], ["inspect", self.name]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([CVCTL, *args], stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
            self.assertEqual((result.returncode, result.stderr.count("ENOSPC"), result.stderr.count("\n")), (1, 1, 1), result.stderr)

    def test_a_slow_follower_holds_up_nobody(self):
        self.make("seq 300000; echo done")
        slow = self.follow("logs", "-f", self.name) # reads nothing
        self.assertEqual(self.good("wait", self.name), "0\n")
        self.assertTrue(self.good("logs", self.name).endswith("300000\ndone\n"))
        self.assertTrue(finish(slow)[1].endswith("300000\ndone\n"))

    def test_attach_sees_what_is_new(self):
        self.make("echo old; read line; echo new $line; exit 7", "-i")
        self.until(lambda: self.good("logs", self.name), "old\n")
        process = self.follow("attach", self.name, stdin=subprocess.PIPE)
        time.sleep(0.2) # nothing tells that it listens
        process.stdin.write("typed\n")
        process.stdin.flush()
        process.wait(DEADLINE)
        self.assertEqual((process.returncode, process.stdout.read(), process.stderr.read()), (7, "new typed\n", ""))

    def test_attach_with_replay(self):
        self.make("echo old; echo err >&2; cat; exit 8", "-i")
        self.until(lambda: self.good("logs", "--stdout", self.name), "old\n")
        result = cvctl("attach", "--replay", "--close-stdin", self.name, stdin="in\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (8, "old\nin\n", "err\n"))
        result = cvctl("attach", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))

    def test_attach_hands_signals_on(self):
        self.make(LOOP)
        for args, code in ((["--no-stdin", "--sig-proxy=false"], 143), (["--no-stdin"], 5)):
            process = self.follow("attach", "--replay", *args, self.name)
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(finish(process)[0], code, args)

    def test_start_with_input(self):
        self.make("cat; exit 9", "-i", what="create")
        result = cvctl("start", "-a", "-i", self.name, stdin="text\n" * 1000)
        self.assertEqual((result.returncode, result.stdout), (9, "text\n" * 1000))

    def terminal(self, *args):
        terminal = Terminal(argv=[CVCTL, *args, self.name], columns=91, rows=17)
        self.addCleanup(terminal.close)
        return terminal

    def test_attach_to_a_terminal_and_leave(self):
        self.make("while read line; do echo \"got <$line>\"; stty size; done", "-it")
        t = self.terminal("attach")
        t.type("hello\r")
        t.expect("got <hello>")
        t.expect("17 91")
        t.resize(133, 43)
        t.type("more\r")
        t.expect("got <more>")
        t.expect("43 133")
        t.type("\x10\x11")
        self.assertEqual(t.end(), 0)
        self.assertTrue(t.as_before())
        self.assertEqual(self.info()["state"], "running")
        t = self.terminal("attach", "--replay", "--detach-keys", "ctrl-x")
        t.expect("got <more>")
        t.type("\x10\x11\r")
        t.expect("got <")
        t.type("\x18")
        self.assertEqual(t.end(), 0)

    def test_the_terminal_is_as_before_after_a_signal(self):
        self.make("echo ready; sleep 1000", "-it")
        for args in (["attach", "--replay", "--sig-proxy=false"], ["exec", "-it"]):
            t = Terminal(argv=[CVCTL, *args, self.name] + (["/bin/sh", "-c", "echo ready; exec sleep 1000"] if args[0] == "exec" else []))
            self.addCleanup(t.close)
            t.expect("ready")
            t.process.send_signal(signal.SIGTERM)
            self.assertEqual(t.end(), 143)
            self.assertTrue(t.as_before())
        self.assertEqual(self.info()["state"], "running")

    def test_exec_has_its_own_end(self):
        self.make(LOOP)
        self.assertEqual(cvctl("exec", self.name, "/bin/sh", "-c", "exit 4").returncode, 4)
        self.assertEqual(self.good("exec", self.name, "/bin/echo", "hi"), "hi\n")
        self.assertEqual(self.good("exec", "-d", self.name, "/bin/sleep", "985"), "")
        self.until(lambda: any(line.endswith(" /bin/sleep 985") for line in self.good("top", self.name).splitlines()), True)
        self.assertEqual(self.good("logs", self.name), "up\n")

    def test_events(self):
        before = f"{time.time():.6f}"
        process = self.follow("events", "--format", "json", "--filter", f"id={self.name}", "--since", before)
        self.make("exit 2")
        rows = []
        while not rows or rows[-1]["event"] != "stopped":
            rows.append(json.loads(process.stdout.readline()))
        self.assertEqual([row["event"] for row in rows], ["created", "started", "exited", "stopped"])
        self.assertEqual((rows[2]["main"], rows[2]["exit"]["code"]), (True, 2))
        process.send_signal(signal.SIGINT)
        self.assertEqual(finish(process)[0], 130)
        self.good("rm", self.name)
        text = self.good("events", "--since", before, "--until", "0s", "--filter", "event=destroyed", "--filter", f"id={self.name}")
        self.assertRegex(text, rf"^\d\d\d\d-.*Z {self.name} destroyed\n$")

    def test_restart_is_told(self):
        self.make("exit 1", "--restart", "on-failure:1")
        self.until(lambda: (self.info()["state"], self.info()["restarts"]), ("stopped", 1))

    def test_pause(self):
        self.make(LOOP)
        self.good("pause", self.name)
        self.assertEqual(self.info()["state"], "paused")
        self.good("unpause", self.name)
        self.assertEqual(self.info()["state"], "running")

    def test_update_is_seen_in_inspect(self):
        self.make(LOOP, "--memory", "200m")
        self.good("update", "--pids-limit", "77", self.name)
        self.good("update", "--memory", "300m", self.name)
        limits = self.info()["config"]["org.containerv"]["limits"]
        self.assertEqual((limits["pids"], limits["memoryBytes"]), (77, 300 << 20))

    def test_stats_of_one_that_stops(self):
        self.make(LOOP)
        process = self.follow("stats", "--interval", "100ms", "--format", "json", self.name)
        json.loads(process.stdout.readline())
        self.good("stop", self.name)
        self.assertEqual(finish(process)[0], 0)
        result = cvctl("stats", "--no-stream", self.name)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("does not run", result.stderr)


if __name__ == "__main__":
    main()
