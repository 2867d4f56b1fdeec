"""cvctl run -d: a container that outlives it, and each option that is for such containers."""
import tempfile

from support import *


class Detached(unittest.TestCase):
    ID = f"cv-test-detached-{os.getpid()}"

    def setUp(self):
        self.state = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.env = dict(os.environ)
        for variable, name in (("CONTAINERV_RUN_DIR", "run"), ("CONTAINERV_STATE_DIR", "state")):
            self.env[variable] = os.path.join(self.state.name, name)
            os.mkdir(self.env[variable])

    def tearDown(self):
        self.cvctl("rm", "-f", self.ID)
        self.state.cleanup()

    def cvctl(self, *args):
        return subprocess.run([CVCTL, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, env=self.env)

    def run_detached(self, script, *options):
        result = shell(script, "-d", "--name", self.ID, *options, env=self.env)
        self.assertEqual((result.returncode, result.stdout), (0, self.ID + "\n"), result.stderr)

    def inspect(self):
        result = self.cvctl("inspect", self.ID)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)[0]

    def wait(self):
        """Its exit code, as it is told."""
        return self.cvctl("wait", self.ID).stdout.strip()

    def poll(self, condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, self.inspect())
            time.sleep(0.05)

    def log(self):
        return self.cvctl("logs", self.ID).stdout

    def containers(self):
        return self.cvctl("ps", "-a", "-q").stdout.split()

    def test_it_goes_on_and_keeps_output_and_exit_code(self):
        self.run_detached("echo started; sleep 0.3; echo ended; exit 7")
        self.assertEqual(self.wait(), "7")
        self.assertEqual(self.log(), "started\nended\n")
        self.assertEqual(self.inspect()["exit"]["code"], 7)

    def test_others_do_not_get_at_what_its_root_makes(self):
        """A set-user-id program of the container's root is one of the host's root to the host."""
        homes = os.path.join(self.env["CONTAINERV_STATE_DIR"], "containers")
        os.mkdir(homes, 0o711)
        self.run_detached("cp /bin/sh /program && chmod 4755 /program && exec sleep 60")
        self.poll(lambda: os.path.exists(os.path.join(homes, self.ID, "upper", "program")))
        for folder in (homes, os.path.join(homes, self.ID)):
            self.assertEqual(os.stat(folder).st_mode & 0o7777, 0o700, folder)

    def test_what_can_not_start_is_told_and_not_there(self):
        cidfile = os.path.join(self.state.name, "cid")
        for program, code in (("/no/such", 127), ("/etc", 126)):
            result = run("-d", "--name", self.ID, "--cidfile", cidfile, "--", program, env=self.env)
            self.assertEqual((result.returncode, result.stdout), (code, ""))
            self.assertIn(program, result.stderr)
            self.assertFalse(os.path.exists(cidfile))
        self.assertEqual(self.containers(), [])
        self.assertEqual(run("-d", "--name", self.ID, "--cidfile", cidfile, "--", "true", env=self.env).returncode, 0)
        with open(cidfile) as file:
            self.assertEqual(file.read(), self.ID)
        self.assertEqual(self.wait(), "0")

    def test_its_name_is_taken_until_it_is_removed(self):
        self.run_detached("true")
        self.assertEqual(self.wait(), "0")
        result = shell("true", "-d", "--name", self.ID, env=self.env)
        self.assertEqual(result.returncode, 125)
        self.assertIn(self.ID, result.stderr)
        self.assertEqual(self.cvctl("rm", self.ID).returncode, 0)
        self.run_detached("true")

    def test_rm(self):
        self.run_detached("sleep 0.2", "--rm")
        self.wait()
        deadline = time.monotonic() + DEADLINE
        while self.containers():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_restart(self):
        self.run_detached("echo run; exit 3", "--restart", "on-failure:2")
        self.poll(lambda: self.inspect()["state"] == "stopped")
        self.assertEqual(self.inspect()["restarts"], 2)
        self.assertEqual(self.log(), "run\n" * 3)

    def test_stop_signal(self):
        self.run_detached("trap 'echo asked; exit 9' INT; echo ready; while :; do sleep 0.05; done", "--stop-signal", "INT")
        self.poll(lambda: "ready" in self.log())
        self.assertEqual(self.cvctl("stop", self.ID).returncode, 0)
        self.assertEqual(self.log(), "ready\nasked\n")
        self.assertEqual(self.inspect()["exit"]["code"], 9)

    def test_stop_timeout(self):
        self.run_detached("trap '' TERM; echo ready; while :; do sleep 0.05; done", "--stop-timeout", "300ms")
        self.poll(lambda: "ready" in self.log())
        before = time.monotonic()
        self.assertEqual(self.cvctl("stop", self.ID).returncode, 0)
        self.assertGreater(time.monotonic() - before, 0.29)
        self.assertLess(time.monotonic() - before, 8)  # not the default
        self.assertEqual(self.inspect()["exit"]["code"], 137)

    def test_health(self):
        self.run_detached("sleep 1000", "--health-cmd", "[ -e /healthy ]", "--health-interval", "100ms", "--health-retries", "2",
                          "--health-timeout", "5s")
        self.assertIn(self.inspect()["health"], ("starting", "unhealthy"))
        self.poll(lambda: self.inspect()["health"] == "unhealthy")
        self.assertEqual(self.cvctl("exec", self.ID, "touch", "/healthy").returncode, 0)
        self.poll(lambda: self.inspect()["health"] == "healthy")

    def test_health_start_period(self):
        self.run_detached("sleep 1000", "--health-cmd", "echo x >>/checks; exit 1", "--health-interval", "100ms", "--health-retries", "1",
                          "--health-start-period", "1h")
        self.poll(lambda: self.cvctl("exec", self.ID, "cat", "/checks").stdout.count("x") >= 3)
        self.assertEqual(self.inspect()["health"], "starting")

    def test_log_sizes(self):
        self.run_detached("yes 0123456789 | head -c 4000000", "--log-opt", "max-size=512k", "--log-opt", "total-size=1m")
        self.assertEqual(self.wait(), "0")
        folder = os.path.join(self.env["CONTAINERV_STATE_DIR"], "containers", self.ID, "log")
        sizes = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertLessEqual(sum(sizes), 1 << 20)
        self.assertGreater(sum(sizes), 256 << 10)  # whole files go, and what one read of a pipe gave is never cut in two
        said = self.log()
        self.assertTrue(said.endswith(("0123456789\n" * 3 + "0123456789\n"[:4000000 % 11])), said[-60:])  # the end is what is kept
        self.assertLess(len(said), 1 << 20)

    def test_timeout(self):
        self.run_detached("sleep 1000", "--timeout", "300ms")
        self.wait()
        self.assertEqual(self.inspect()["exit"]["reason"], "timeout")

    def test_input(self):
        self.run_detached("cat; echo end")
        self.assertEqual(self.wait(), "0")
        self.assertEqual(self.log(), "end\n")
        self.cvctl("rm", self.ID)
        self.run_detached("head -n 1; echo end", "-i")  # goes on reading
        result = subprocess.run([CVCTL, "attach", self.ID], input="line\n", capture_output=True, text=True, timeout=DEADLINE, env=self.env)
        self.assertEqual(self.wait(), "0", result.stderr)
        self.assertEqual(self.log(), "line\nend\n")

    def test_terminal(self):
        self.run_detached("test -t 0 && test -t 2 && stty size", "-t")
        self.assertEqual(self.wait(), "0")
        self.assertEqual(self.log().split(), ["24", "80"])

    def test_without_d_they_are_refused(self):
        for option in ("--restart=always", "--stop-signal=INT", "--stop-timeout=1", "--health-cmd=true", "--log-opt=max-size=1m", "--rm=false"):
            result = shell("true", option, env=self.env)
            self.assertEqual(result.returncode, 125, option)
            self.assertIn(option.split("=")[0], result.stderr)
            self.assertIn("add -d", result.stderr)


if __name__ == "__main__":
    main()
