"""Commands on a container that another cvctl holds, as a user runs them beside it."""
import re

from support import *

NAME = f"reach-{os.getpid()}"
SCRIPT = "mkdir -p /w; echo f >/w/f; echo up; exec sleep 1000"

ONE = ["exec", "attach", "logs", "top", "start", "stop", "kill", "rm", "wait", "pause", "unpause", "inspect", "stats"]


class Reach(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = start("--name", NAME, "-e", "OWN=1", "--", "/bin/sh", "-c", SCRIPT)
        cls.process.stdout.readline()
        end = time.monotonic() + DEADLINE
        while cvctl("exec", NAME, "/bin/true").returncode != 0 and time.monotonic() < end:
            time.sleep(0.02)

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.communicate(timeout=DEADLINE)

    def good(self, *args, **more):
        result = cvctl(*args, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""), args)
        return result.stdout

    def inside(self, script, *options, **more):
        return cvctl("exec", *options, NAME, "/bin/sh", "-c", script, **more)

    def runs(self, command):
        return any(re.search(rf" {re.escape(command)}$", line) and "/bin/sh" not in line for line in self.good("top", NAME).splitlines())

    def until_runs(self, command):
        end = time.monotonic() + DEADLINE
        while not self.runs(command):
            self.assertLess(time.monotonic(), end, command)
            time.sleep(0.02)

    def test_exec_gives_the_programs_output_and_code(self):
        result = self.inside("echo out; echo err >&2; exit 7")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, "out\n", "err\n"))
        self.assertEqual(self.inside("kill -TERM $$").returncode, 143)

    def test_exec_knows_dockers_codes(self):
        for program, code in (("nowhere", 127), ("/w/f", 126)):
            result = cvctl("exec", NAME, program)
            self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
        self.assertEqual(cvctl("exec", NAME).returncode, 125)
        self.assertEqual(cvctl("exec", "-t", NAME, "true").returncode, 125)
        self.assertEqual(cvctl("exec", "-u", "nobody-of-that-name", NAME, "true").returncode, 125)

    def test_exec_has_the_containers_environment_and_what_was_given(self):
        result = self.inside("echo $OWN $NEW $PATH; pwd; id -u", "-e", "NEW=2", "-w", "/w", "-u", "1000:1000")
        self.assertRegex(result.stdout, r"^1 2 /.*\n/w\n1000\n$")
        self.assertEqual(self.inside("echo $OWN", "-e", "OWN=3").stdout, "3\n")

    def test_exec_reads_only_with_i(self):
        self.assertEqual(self.inside("cat", stdin="text\n").stdout, "")
        self.assertEqual(self.inside("cat", "-i", stdin="text\n").stdout, "text\n")
        size = 300000
        self.assertEqual(len(self.inside("cat", "-i", stdin="x" * size).stdout), size)

    def test_exec_ends_after_its_time(self):
        result = self.inside("exec sleep 100", "--timeout", "300ms")
        self.assertEqual(result.returncode, 137)
        self.assertIn("its time was over", result.stderr)

    def test_exec_in_the_background_goes_on(self):
        self.assertEqual(self.good("exec", "-d", NAME, "/bin/sh", "-c", "echo $$ >/w/pid; exec sleep 987"), "")
        self.until_runs("sleep 987")
        self.assertEqual(self.inside("kill -9 $(cat /w/pid)").returncode, 0)

    def test_signals_go_to_the_program_of_exec(self):
        process = subprocess.Popen([CVCTL, "exec", NAME, "/bin/sh", "-c", "trap 'exit 5' INT; echo up; while :; do sleep 0.05; done"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(finish(process)[0], 5)

    def test_the_second_signal_kills_the_program_of_exec(self):
        process = subprocess.Popen([CVCTL, "exec", NAME, "/bin/sh", "-c", "trap 'echo no' INT; echo up; while :; do sleep 0.05; done"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), "no\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(finish(process)[0], 130)
        self.assertEqual(self.good("ps", "-q", "--filter", f"id={NAME}"), NAME + "\n")

    def terminal(self, script, *options):
        terminal = Terminal(argv=[CVCTL, "exec", "-it", *options, NAME, "/bin/sh", "-c", script], columns=91, rows=17)
        self.addCleanup(terminal.close)
        return terminal

    def test_exec_on_a_terminal(self):
        t = self.terminal("stty size; echo ready; read line; echo \"got <$line>\"; exit 4")
        t.expect("17 91")
        t.expect("ready")
        t.type("hello\r")
        t.expect("got <hello>")
        self.assertEqual(t.end(), 4)
        self.assertTrue(t.as_before())

    def test_keys_leave_the_terminal_of_exec(self):
        t = self.terminal("trap 'seq 100000; echo done >/w/done' USR1; echo $$ >/w/pid; echo ready; read line; echo \"$line\" >/w/typed\n"
                          "echo read; while :; do sleep 0.05; done")
        t.expect("ready")
        t.type("ab\x10c\r")
        t.expect("read")
        t.type("\x10\x11")
        self.assertEqual(t.end(), 0)
        self.assertTrue(t.as_before())
        self.assertEqual(self.inside("cat /w/typed; kill -USR1 $(cat /w/pid)").stdout, "ab\x10c\n")
        wait = "for i in $(seq 1000); do test -e /w/done && break; sleep 0.02; done; cat /w/done; kill -9 $(cat /w/pid)"
        self.assertEqual(self.inside(wait).stdout, "done\n")  # it was not stopped by what nobody reads

    def test_ps_lists_it(self):
        rows = [json.loads(line) for line in self.good("ps", "--format", "json", "--filter", f"id={NAME}").splitlines()]
        self.assertEqual([row["id"] for row in rows], [NAME])
        self.assertEqual((rows[0]["state"], rows[0]["supervised"], rows[0]["command"][0]), ("running", False, "/bin/sh"))
        table = self.good("ps", "--no-trunc").splitlines()
        self.assertRegex(table[0], "^CONTAINER +COMMAND +CREATED +STATUS$")
        self.assertTrue(any(SCRIPT in line and line.startswith(NAME) for line in table))
        self.assertEqual(self.good("ps", "-q", "--filter", "status=paused", "--filter", f"id={NAME}"), "")

    def test_inspect_is_an_array(self):
        found = json.loads(self.good("inspect", NAME, NAME))
        self.assertEqual([one["id"] for one in found], [NAME, NAME])
        self.assertIn("OWN=1", found[0]["config"]["process"]["env"])
        self.assertNotIn("OWN=1", self.good("inspect", "--redact", NAME))

    def test_top_lists_processes(self):
        lines = self.good("top", NAME).splitlines()
        self.assertRegex(lines[0], "^PID +USER +TIME +COMMAND$")
        self.assertTrue(any(line.endswith("sleep 1000") for line in lines))
        rows = [json.loads(line) for line in self.good("top", "--format", "json", NAME).splitlines()]
        main = [row for row in rows if row["command"] == "sleep 1000"]
        self.assertEqual((main[0]["uid"], main[0]["name"]), (0, "sleep"))
        self.assertGreaterEqual(main[0]["cpu_ns"], 0)

    def test_stats_have_rates(self):
        line = self.good("stats", "--no-stream", "--interval", "200ms", "--format", "json", NAME)
        found = json.loads(line)
        self.assertEqual(found["id"], NAME)
        self.assertGreaterEqual(found["cpu_percent"], 0)
        self.assertLess(found["cpu_percent"], 50)
        self.assertGreater(found["cpu_usage_ns"], 0)
        self.assertRegex(self.good("stats", "--no-stream", "--interval", "200ms").splitlines()[0], "^CONTAINER +CPU +MEMORY .*PIDS$")

    def test_stats_end_quietly(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = subprocess.Popen([CVCTL, "stats", "--interval", "100ms", "--format", "json", NAME], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            process.stdout.readline()
            process.send_signal(number)
            code_got, _, err = finish(process)
            self.assertEqual((code_got, err), (code, ""))

    def test_pause_and_unpause(self):
        self.assertEqual(self.good("pause", NAME), NAME + "\n")
        self.assertIn("(paused)", self.good("ps", "--filter", f"id={NAME}"))
        result = cvctl("pause", NAME)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(self.good("unpause", NAME), NAME + "\n")

    def test_update_changes_what_is_named(self):
        self.assertEqual(self.good("update", "--pids-limit", "50", NAME), NAME + "\n")
        self.assertEqual(cvctl("update", NAME).returncode, 125)

    def test_the_beginning_of_an_id_is_enough(self):
        self.assertEqual(self.good("exec", NAME[:-1], "/bin/echo", "hi"), "hi\n")
        with start("--name", NAME + "x", "--", "/bin/sh", "-c", "echo up; exec sleep 1000") as other:
            other.stdout.readline()
            end = time.monotonic() + DEADLINE
            while cvctl("exec", NAME + "x", "/bin/true").returncode != 0 and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual(self.good("exec", NAME, "/bin/echo", "hi"), "hi\n")
            result = cvctl("exec", NAME[:-1], "/bin/echo", "hi")
            self.assertEqual((result.returncode, result.stdout), (125, ""))
            self.assertIn("is the beginning of 2 ids", result.stderr)
            self.assertEqual(self.good("kill", NAME + "x"), NAME + "x\n")
            self.assertEqual(finish(other)[0], 137)

    def test_an_unknown_id_is_told(self):
        for name in ONE:
            args = [name, "no-such-container"] + (["true"] if name == "exec" else [])
            result = cvctl(*args)
            self.assertEqual((result.returncode, result.stdout), (125 if name == "exec" else 1, ""), args)
            self.assertIn("there is no container 'no-such-container'", result.stderr)
        result = cvctl("update", "--memory", "1g", "no-such-container")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        error = error_of(cvctl("top", "--format", "json", "no-such-container"))
        self.assertEqual((error["name"], error["object"]), ("CV_ERR_NOT_FOUND", "no-such-container"))

    def test_the_others_are_tried(self):
        result = cvctl("inspect", "no-such-container", NAME)
        self.assertEqual(result.returncode, 1)
        self.assertEqual([one["id"] for one in json.loads(result.stdout)], [NAME])

    def test_a_command_needs_an_id(self):
        for name in ONE:
            if name != "stats":
                result = cvctl(name)
                self.assertEqual((result.returncode, result.stdout), (125, ""), name)
                self.assertIn("needs a container", result.stderr)


if __name__ == "__main__":
    main()
