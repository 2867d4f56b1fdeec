"""cvctl run with pipes: exit codes, streams, environment, signals, files."""
import tempfile

from support import *


class ExitCodes(unittest.TestCase):
    def test_the_programs_own(self):
        for code in (0, 1, 3, 124, 255):
            self.assertEqual(shell(f"exit {code}").returncode, code)

    def test_ended_by_a_signal(self):
        self.assertEqual(shell("kill -TERM $$").returncode, 128 + 15)
        self.assertEqual(shell("kill -KILL $$").returncode, 128 + 9)

    def test_not_found(self):
        for name in ("no-such-program", "/no/such/program"):
            result = run("--", name)
            self.assertEqual(result.returncode, 127, result.stderr)
            self.assertIn(name, result.stderr)

    def test_not_executable(self):
        for name in ("/etc/passwd", "/etc"):
            result = run("--", name)
            self.assertEqual(result.returncode, 126, result.stderr)
            self.assertIn(name, result.stderr)

    def test_ours(self):
        for args in (["--no-such-option"], ["--network", "bridge", "--", "true"], [], ["--user", "nobody-of-that-name", "--", "true"],
                     ["--name", "../x", "--", "true"], ["--cap-add", "FLY", "--", "true"]):
            result = run(*args)
            self.assertEqual(result.returncode, 125, (args, result.stderr))
            self.assertTrue(result.stderr.startswith("cvctl: "), result.stderr)
        result = run("--", "true", root=["--rootfs", "/no/such/folder"])
        self.assertEqual(result.returncode, 125)
        self.assertIn("/no/such/folder", result.stderr)

    def test_usage(self):
        for args, code, word in (([], 125, "usage"), (["--help"], 0, "usage"), (["help", "run"], 0, "--ulimit"),
                                 (["rnu"], 125, "cvctl run"), (["run", "--help"], 0, "--ulimit"), (["version"], 0, "0."),
                                 (["help", "nothing"], 125, "nothing"), (["version", "x"], 125, "'x'")):
            result = subprocess.run([CVCTL, *args], capture_output=True, text=True)
            self.assertEqual(result.returncode, code, args)
            self.assertIn(word, result.stdout + result.stderr)
        with open("/dev/full", "w") as full:
            result = subprocess.run([CVCTL, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 125)

    def test_errors_as_json(self):
        result = run("--format", "json", "--ulimit", "nofile=x", "--", "true")
        self.assertEqual(result.returncode, 125)
        error = error_of(result)
        self.assertEqual(error["name"], "CV_ERR_INVALID")
        self.assertEqual(error["object"], "nofile=x")
        self.assertEqual(set(error), {"code", "name", "domain", "number", "step", "object", "hint", "text"})
        error = error_of(run("--format=json", "--", "true", root=["--rootfs", "/no/such/folder"]))
        self.assertEqual(error["name"], "CV_ERR_NOT_FOUND")
        self.assertTrue(error["step"])
        error = error_of(run("--format=json", "--", "no-such-program"))
        self.assertEqual(error["name"], "CV_ERR_NOT_FOUND")


class Streams(unittest.TestCase):
    def test_each_goes_its_way(self):
        result = shell("echo out; echo err >&2")
        self.assertEqual((result.stdout, result.stderr), ("out\n", "err\n"))

    def test_without_i_nothing_comes(self):
        self.assertEqual(run("--", "/bin/cat", stdin="secret").stdout, "")

    def test_with_i_all_comes(self):
        text = "0123456789abcdef" * 65536
        self.assertEqual(run("-i", "--", "/bin/cat", stdin=text).stdout, text)

    def test_a_reader_that_goes_away(self):
        process = start("--", "/usr/bin/yes")
        wait_for_line(process, "y")
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 128 + signal.SIGPIPE)
        process.stderr.close()

    def test_the_environment_is_what_was_given(self):
        env = dict(os.environ, CANARY="1", TAKEN="mine")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# comment\nFROM_FILE=f\n")
            file.flush()
            result = run("-e", "A=b c", "-e", "TAKEN", "-e", "UNSET_HERE", "--env-file", file.name, "--", "/usr/bin/env", env=env)
        got = set(result.stdout.splitlines())
        self.assertLessEqual({"A=b c", "TAKEN=mine", "FROM_FILE=f"}, got)
        self.assertNotIn("CANARY=1", got)
        self.assertEqual(len(got), 4, got)  # and PATH

    def test_no_descriptor_of_ours_is_open(self):
        result = shell("ls /proc/self/fd | wc -l")
        self.assertEqual(result.stdout.strip(), "4")  # 0, 1, 2 and ls's own


class Options(unittest.TestCase):
    def test_small_ones(self):
        script = "pwd; hostname; umask; ulimit -n; ulimit -Hn; id -u; id -g"
        result = shell(script, "-w", "/tmp", "--hostname", "box", "--umask", "027", "--ulimit", "nofile=100:200", "-u", "7:8")
        self.assertEqual(result.stdout.split(), ["/tmp", "box", "0027", "100", "200", "7", "8"], result.stderr)

    def test_groups(self):
        self.assertEqual(shell("id -G", "-u", "7:8", "--group-add", "123").stdout.split(), ["8", "123"])

    def test_time_offsets(self):
        clocks = ("perl", "-MTime::HiRes=clock_gettime,CLOCK_MONOTONIC,CLOCK_BOOTTIME,CLOCK_REALTIME", "-e",
                  "print join ' ', map { clock_gettime($_) } CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME")
        for more in ([], ["--no-init"], ["--cap-add", "SYS_ADMIN"]):
            result = run("--time-offset", "monotonic=1000000.5", "--time-offset", "boottime=2000000", *more, "--", *clocks)
            self.assertEqual(result.returncode, 0, result.stderr)
            monotonic, boottime, realtime = (float(word) for word in result.stdout.split())
            self.assertAlmostEqual(monotonic - time.monotonic(), 1000000.5, delta=30)
            self.assertAlmostEqual(boottime - time.clock_gettime(time.CLOCK_BOOTTIME), 2000000, delta=30)
            self.assertAlmostEqual(realtime, time.time(), delta=30)
        result = run("--time-offset", "boottime=-9000000000", "--", "true")
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn("below zero", result.stderr)

    def test_no_init_is_pid_1(self):
        self.assertEqual(shell("echo $$", "--no-init").stdout, "1\n")
        self.assertNotEqual(shell("echo $$").stdout, "1\n")

    def test_volumes(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            with open(os.path.join(folder, "in"), "w") as file:
                file.write("from outside\n")
            result = shell("cat /v/in; echo made >/v/out", "-v", f"{folder}:/v")
            self.assertEqual((result.returncode, result.stdout), (0, "from outside\n"), result.stderr)
            made = os.stat(os.path.join(folder, "out"))
            self.assertEqual((made.st_uid, made.st_gid), (os.geteuid(), os.getegid()))
            for option in (["-v", f"{folder}:/v:ro"], ["--mount", f"type=bind,source={folder},target=/v,readonly"]):
                result = shell("echo x >/v/no", *option)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("Read-only", result.stderr)
            self.assertFalse(os.path.exists(os.path.join(folder, "no")))
            result = run("-v", f"{folder}/missing:/v", "--", "true")
            self.assertEqual(result.returncode, 125)
            self.assertIn("missing", result.stderr)

    def test_tmpfs_and_read_only(self):
        result = shell("echo x >/t/a && stat -f -c %T /t; echo x >/etc/no", "--read-only", "--tmpfs", "/t:size=1m,mode=755")
        self.assertEqual(result.stdout.split(), ["tmpfs"])
        self.assertIn("Read-only", result.stderr)
        self.assertNotEqual(shell("head -c 2000000 /dev/zero >/t/a", "--tmpfs", "/t:size=1m").returncode, 0)

    def test_privileges(self):
        status = "grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/self/status | tr -s '\\t\\n' ' '"
        self.assertIn("NoNewPrivs: 1 Seccomp: 2", shell(status).stdout)
        self.assertIn("CapBnd: 0000000000000000 ", shell(status, "--cap-drop", "ALL").stdout)
        loose = shell(status, "--security-opt", "no-new-privileges=false", "--security-opt", "seccomp=unconfined").stdout
        self.assertIn("NoNewPrivs: 0 Seccomp: 0", loose)

    def test_network_none_has_only_lo(self):
        names = shell("ls /sys/class/net").stdout.split()
        self.assertEqual(names, ["lo"])

    def test_cidfile(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "cid")
            self.assertEqual(run("--cidfile", path, "--name", "cvctl-test-cid", "--", "true").returncode, 0)
            with open(path) as file:
                self.assertEqual(file.read(), "cvctl-test-cid")
            result = shell("echo it ran", "--cidfile", path)  # must be new, and nothing runs if it is not
            self.assertEqual((result.returncode, result.stdout), (125, ""))
            self.assertIn(path, result.stderr)
            os.unlink(path)
            self.assertEqual(run("--cidfile", path, "--", "no-such-program").returncode, 127)
            self.assertFalse(os.path.exists(path))

    def test_the_root_is_thrown_away(self):
        if "rootfs" in ROOT and ":O" not in ROOT:
            self.fail("the tests need a root below a throw-away upper")
        self.assertEqual(shell("echo x >/cvctl-mark; cat /cvctl-mark").stdout, "x\n")
        self.assertEqual(shell("cat /cvctl-mark").returncode, 1)

    def test_out_of_memory(self):
        result = shell("exec dd if=/dev/zero of=/dev/null bs=100M count=1", "-m", "32m")
        self.assertEqual(result.returncode, 137)
        self.assertIn("out of memory (killed at the memory limit of 33554432 bytes)", result.stderr)

    def test_one_limit_of_cpu_time(self):
        self.assertEqual(shell("echo ran", "--cpu-period", "20000", "--cpu-quota", "30000").stdout, "ran\n")
        result = shell("echo ran", "--cpu-quota", "30000", "--cpus", "1")
        self.assertEqual(result.stdout, "")
        self.assertIn("--cpus excludes --cpu-quota", result.stderr)

    def test_a_chosen_cgroup(self):
        place = f"cvctl-test-{os.getpid()}/below"
        result = shell("grep ^0:: /proc/self/cgroup", "--cgroup-parent", place, "--share", "cgroup", "--name", "in-place")
        self.assertIn(f"/{place}/c-in-place\n", result.stdout, result.stderr)
        result = shell("echo ran", "--cgroup-parent", "/a/../b")
        self.assertEqual(result.stdout, "")
        self.assertIn("option --cgroup-parent: ", result.stderr)
        self.assertIn("'/a/../b' is not allowed", result.stderr)

    def test_limit_of_processes(self):
        result = shell("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 100 & done", "--pids-limit", "6")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("reached its limit of processes (the limit is 6)", result.stderr)

    def test_timeout(self):
        began = time.monotonic()
        result = shell("echo begun; exec sleep 1000", "--timeout", "500ms")
        self.assertEqual(result.returncode, 128 + 9, result.stderr)
        self.assertIn("time was over", result.stderr)
        self.assertLess(time.monotonic() - began, 30)


class Signals(unittest.TestCase):
    def ended_by(self, number, script, *options):
        process = start(*options, "--", "/bin/sh", "-c", script)
        wait_for_line(process, "ready")
        process.send_signal(number)
        return process

    def test_forwarded(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            process = self.ended_by(number, "echo ready; exec sleep 1000")
            self.assertEqual(finish(process)[0], 128 + number)

    def test_the_program_may_clean_up(self):
        script = "trap 'echo cleaned; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
        code, out, _ = finish(self.ended_by(signal.SIGTERM, script))
        self.assertEqual((code, out), (7, "cleaned\n"))

    def test_the_second_one_kills(self):
        script = "trap 'echo not now' INT; echo ready; while :; do sleep 0.1; done"
        process = self.ended_by(signal.SIGINT, script)
        wait_for_line(process, "not now")
        process.send_signal(signal.SIGINT)
        self.assertEqual(finish(process)[0], 128 + signal.SIGINT)

    def test_a_pid_1_that_ignores_can_be_killed(self):
        process = self.ended_by(signal.SIGINT, "echo ready; while :; do sleep 0.1; done", "--no-init")
        process.send_signal(signal.SIGINT)
        self.assertEqual(finish(process)[0], 128 + signal.SIGINT)

    def test_killed_itself_nothing_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            process = start("-v", f"{folder}:/v", "--", "/bin/sh", "-c", "echo ready; while :; do date >/v/beat; sleep 0.05; done")
            wait_for_line(process, "ready")
            process.kill()
            process.communicate(timeout=60)
            beat = os.path.join(folder, "beat")
            deadline = time.monotonic() + 10
            while os.path.exists(beat):  # as soon as nobody writes it any more, removing it is final
                self.assertLess(time.monotonic(), deadline, "it is still written")
                os.unlink(beat)
                time.sleep(0.3)


if __name__ == "__main__":
    main()
