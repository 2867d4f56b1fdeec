"""cvrun by itself, as its callers call it: every command, its errors, its exit codes beside runc's, what it prints against OCI's schemas."""
import array
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from cvrun import RUNTIME, ROOTFS, GROUP, DEADLINE, NULL, validate, is_running, Case

RUNC = shutil.which("runc", path="/usr/sbin:/usr/bin")


class Documents(Case):
    def test_config_to_begin_with(self):
        for options in [], ["--rootless"]:
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                self.right("spec", "--bundle", folder, *options)
                with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
                    validate(json.load(file), "config-schema.json")
                self.fails(1, "File exists", "spec", "--bundle", folder)
                self.right("spec", "--bundle", folder, "--file", "other.json")

    def test_features(self):
        features = json.loads(self.right("features"))
        validate(features, "features-schema.json")
        self.assertIn("poststop", features["hooks"])

    def test_states(self):
        self.create("sleep", "100")
        created = self.state()
        self.right("start", "c")
        running = self.state()
        self.right("kill", "c", "KILL")
        self.await_status("stopped")
        stopped = self.state()
        for state, status in (created, "created"), (running, "running"), (stopped, "stopped"):
            validate(state, "state-schema.json")
            self.assertEqual((state["status"], state["id"], state["annotations"]), (status, "c", {"some": "thing"}))
            self.assertEqual((state["bundle"], state["rootfs"]), (os.path.join(self.folder, "bundle"), ROOTFS))
            self.assertEqual((state["created"], state["owner"]), (created["created"], "root"))
        self.assertEqual(running["pid"], created["pid"])
        self.assertEqual(stopped["pid"], 0)

    def test_list(self):
        self.assertEqual(json.loads(self.right("list", "--format", "json")), [])
        self.create("sleep", "100", container="b")
        self.create("sleep", "100", container="a", change=lambda c: c["linux"].update(cgroupsPath=f"/{GROUP}/second"))
        self.assertEqual(self.right("list", "-q"), "a\nb\n")
        listed = json.loads(self.right("list", "-f", "json"))
        self.assertEqual(listed, [self.state("a"), self.state("b")])
        lines = self.right("list").splitlines()
        self.assertEqual(lines[0].split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        self.assertEqual(lines[1].split()[:3], ["a", str(listed[0]["pid"]), "created"])

    def test_ps(self):
        self.start("sh", "-c", "sleep 100 & exec sleep 200")
        pid = self.state()["pid"]
        end = time.monotonic() + DEADLINE
        while len(pids := json.loads(self.right("ps", "--format", "json", "c"))) < 2:
            self.assertLess(time.monotonic(), end)
        self.assertIn(pid, pids)
        lines = self.right("ps", "c").splitlines()
        self.assertEqual(sorted(int(line.split()[1]) for line in lines[1:]), sorted(pids))
        lines = self.right("ps", "c", "-o", "pid,args").splitlines()
        self.assertEqual(sorted(line.split(None, 1)[1] for line in lines[1:]), ["sleep 100", "sleep 200"])


class Errors(Case):
    """What a caller sees of each, and that nothing is left."""

    def test_arguments(self):
        for args, phrase in (
                ([], "command is missing"), (["bogus"], "not known"), (["create"], "argument is missing"),
                (["create", "a", "b"], "too many"), (["state", "--bogus", "a"], "--bogus"), (["list", "-f", "xml"], "xml"),
                (["--log-format", "xml", "list"], "xml"), (["--log-level", "loud", "list"], "loud"),
                (["--cgroup-manager", "x", "list"], "cgroup manager"), (["--rootless", "true", "list"], "root"),
                (["--systemd-cgroup", "--cgroup-manager", "cgroupfs", "list"], "contradicts"),
                (["--log", "/nowhere/log", "list"], "/nowhere/log"), (["checkpoint", "--image-path", "x", "a"], "not supported"),
                (["restore", "a"], "not supported"), (["kill", "a", "NOISE"], "NOISE"), (["update", "a"], "nothing")):
            self.fails(1, phrase, *args)

    def test_ids(self):
        bundle = self.bundle("true")
        for container in "a/b", ".hidden", "..", "", "ü", "x" * 256, "a b":
            self.fails(1, "no id", "create", "-b", bundle, "--", container)
        self.assertEqual(self.left(), [])
        long = "A-Z_0.9+" + "x" * 247
        self.assertEqual(self.quiet("create", "-b", bundle, long), 0)
        self.right("delete", "--force", long)

    def test_bundles(self):
        self.fails(1, "/nowhere", "create", "-b", "/nowhere", "c")
        self.fails(1, "config.json", "create", "-b", self.folder, "c")
        for phrase, change in (
                ("org.containerv", lambda c: c.update({"org.containerv": {}})),
                ("ociVersion", lambda c: c.update(ociVersion="2.0.0")),
                ("ociVersion", lambda c: c.pop("ociVersion")),
                ("process", lambda c: c.pop("process")),
                ("root", lambda c: c.pop("root")),
                ("--console-socket", lambda c: c["process"].update(terminal=True)),
                ("/nowhere", lambda c: c["root"].update(path="/nowhere"))):
            self.fails(1, phrase, "create", "-b", self.bundle("true", change=change), "c")
        self.fails(1, "wants no terminal", "create", "-b", self.bundle("true"), "--console-socket", "/x", "c")
        self.fails(1, "/nowhere", "create", "-b", self.bundle("true", terminal=True), "--console-socket", "/nowhere", "c")
        self.fails(1, "descriptor", "create", "-b", self.bundle("true"), "--preserve-fds", "900", "c")
        self.assertEqual(self.right("list", "-q"), "")

    def test_what_is_not_there(self):
        for args in (["start", "c"], ["state", "c"], ["kill", "c"], ["delete", "c"], ["ps", "-f", "json", "c"], ["pause", "c"],
                     ["resume", "c"]):
            self.fails(1, "container 'c' does not exist", *args)
        self.fails(255, "container 'c' does not exist", "exec", "c", "true")
        self.right("delete", "--force", "c")

    def test_wrong_states(self):
        self.create("sleep", "100")
        self.fails(1, "exists", "create", "-b", self.bundle("true"), "c")
        self.fails(1, "exists", "run", "-b", self.bundle("true"), "c")
        self.fails(1, "resume", "resume", "c")
        self.right("start", "c")
        self.fails(1, "running", "start", "c")
        self.fails(1, "running", "delete", "c")
        self.right("kill", "c", "9")
        self.await_status("stopped")
        self.fails(1, "stopped", "start", "c")
        self.fails(1, "container not running", "kill", "c", "KILL")
        self.fails(1, "stopped", "pause", "c")
        self.fails(255, "stopped", "exec", "c", "true")
        self.right("kill", "--all", "c", "KILL")
        self.right("delete", "c")
        self.assertEqual(self.left(), [])

    def test_programs(self):
        for program, phrase in ("nothing-such", "No such file"), ("/etc/not-executable", "Permission denied"):
            self.fails(1, phrase, "run", "-b", self.bundle(program), "c")
            self.assertEqual(self.right("list", "-q"), "")
        self.start("sleep", "100")
        self.fails(255, "No such file", "exec", "c", "nothing-such")
        self.fails(255, "ermission denied", "exec", "c", "/etc/not-executable")
        self.fails(255, "/nowhere", "exec", "--cwd", "/nowhere", "c", "true")
        self.fails(255, "missing", "exec", "c")
        self.fails(255, "NAME=VALUE", "exec", "-e", "NOVALUE", "c", "true")
        self.fails(255, "CAP_FLY", "exec", "--cap", "CAP_FLY", "c", "true")
        self.fails(255, "--console-socket", "exec", "-t", "-d", "c", "true")

    def test_log(self):
        self.fails(1, "'c' does not exist", "--log", self.log, "state", "c")
        with open(self.log, encoding="utf-8") as file:
            self.assertRegex(file.read(), r'^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=error msg="container \'c\' does not exist"\n$')
        os.remove(self.log)
        self.fails(1, "'c' does not exist", "--log", self.log, "--log-format", "json", "state", "c")
        self.fails(1, "not known", "--log", self.log, "--log-format=json", "bogus")
        with open(self.log, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["level"] for line in lines], ["error", "error"])
        self.assertEqual(sorted(lines[0]), ["level", "msg", "time"])
        self.assertEqual(json.loads(self.call("--log-format", "json", "state", "c").stderr)["msg"], "container 'c' does not exist")
        self.assertIn("level=debug", self.call("--debug", "list").stderr)


@unittest.skipIf(RUNC is None, "runc is not installed")
class BesideRunc(Case):
    """The same calls by runc: the same exit codes."""

    def codes(self, runtime):
        self.runtime = runtime
        self.root = os.path.join(self.folder, os.path.basename(runtime))
        codes = []

        def call(*args):
            codes.append((args, self.quiet(*args)))

        bundle = self.bundle("sh", "-c", "sleep 100")
        call("create", "-b", "/nowhere", "c")
        call("create", "-b", bundle, "a/b")
        call("create", "-b", bundle, "c")
        call("create", "-b", bundle, "c")
        call("resume", "c")
        call("start", "c")
        call("start", "c")
        call("delete", "c")
        call("exec", "c", "sh", "-c", "exit 7")
        call("exec", "c", "sh", "-c", "kill -9 $$")
        call("exec", "c", "nothing-such")
        call("exec", "c", "/etc/not-executable")
        call("exec", "--cwd", "/nowhere", "c", "true")
        call("exec", "c")
        call("exec", "none", "true")
        call("ps", "c")
        call("pause", "c")
        call("exec", "c", "true")
        call("pause", "c")
        call("resume", "c")
        call("kill", "c", "NOISE")
        call("kill", "c", "KILL")
        self.await_status("stopped")
        for args in (["kill", "c", "KILL"], ["kill", "--all", "c", "KILL"], ["exec", "c", "true"], ["pause", "c"], ["start", "c"],
                     ["delete", "c"], ["delete", "c"], ["delete", "--force", "c"], ["state", "c"], ["list", "-f", "xml"],
                     ["--log-format", "xml", "list"], ["state"], ["run", "--bogus", "c"], ["spec", "-b", bundle]):
            call(*args)
        for script in "exit 3", "kill -KILL $$; exit 4", "exit 0":
            call("run", "-b", self.bundle("sh", "-c", script), "c")
        call("run", "-b", self.bundle("nothing-such"), "c")
        call("list", "-q")
        return codes

    def test_exit_codes(self):
        theirs = self.codes(RUNC)
        self.assertEqual(self.codes(RUNTIME), theirs)


class Run(Case):
    def test_result_and_streams(self):
        result = self.call("run", "-b", self.bundle("sh", "-c", "cat; echo error >&2; exit 5"), "c", input="typed\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (5, "typed\n", "error\n"))
        self.assertEqual(self.right("list", "-q"), "")
        self.assertEqual(self.call("run", "-b", self.bundle("sh", "-c", "sh -c 'kill -SEGV $$'; exit $?"), "c").returncode, 139)

    def test_keep(self):
        self.right("run", "--keep", "-b", self.bundle("true"), "c")
        self.assertEqual(self.state()["status"], "stopped")
        self.right("delete", "c")

    def test_detach(self):
        pid_file = os.path.join(self.folder, "pid")
        self.assertEqual(self.quiet("run", "--detach", "--pid-file", pid_file, "-b", self.bundle("sleep", "100"), "c"), 0)
        state = self.state()
        with open(pid_file, encoding="utf-8") as file:
            self.assertEqual(file.read(), str(state["pid"]))
        self.assertEqual(state["status"], "running")

    def test_signals_are_handed_on(self):
        script = "trap 'echo got; exit 6' TERM; trap 'echo usr' USR1; echo up; while :; do sleep 0.05; done"
        with subprocess.Popen(self.command("run", "-b", self.bundle("sh", "-c", script), "c"), stdin=NULL, stdout=subprocess.PIPE,
                              text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGUSR1)
            self.assertEqual(process.stdout.readline(), "usr\n")
            process.terminate()
            self.assertEqual(process.stdout.read(), "got\n")
            self.assertEqual(process.wait(DEADLINE), 6)
        self.assertEqual(self.right("list", "-q"), "")

    def test_other_file_and_relative_root(self):
        bundle = self.bundle("cat", "/etc/passwd", change=lambda c: c["root"].update(path="here"))
        os.symlink(ROOTFS, os.path.join(bundle, "here"))
        os.rename(os.path.join(bundle, "config.json"), os.path.join(bundle, "other.json"))
        self.assertIn("joe", self.right("run", "--config", "other.json", "c", cwd=bundle))

    def test_descriptors(self):
        script = "cat <&3; cat <&4; ls /proc/self/fd | wc -l; echo $LISTEN_FDS $LISTEN_PID"
        bundle = self.bundle("sh", "-c", script)
        for number, text in (1, "one"), (2, "two"):
            with open(os.path.join(self.folder, str(number)), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        wrapped = ["sh", "-c", 'exec 3<"$0/1" 4<"$0/2" 5</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', self.folder]
        result = subprocess.run([*wrapped, *self.command("run", "--preserve-fds", "1", "-b", bundle, "c")], stdin=NULL,
                                capture_output=True, text=True, timeout=DEADLINE, check=False)
        # ls has the folder open, too; 5 was not asked for
        self.assertEqual((result.stdout, result.stderr), ("one\ntwo\n6\n1 1\n", ""))


class Life(Case):
    def test_kill(self):
        for word in "KILL", "SIGKILL", "9", "kill":
            self.start("sleep", "100")
            self.right("kill", "c", word)
            self.await_status("stopped")
            self.right("delete", "c")

    def test_regular_expressions(self):
        for container in "web1", "web2", "db":
            self.start("sleep", "100", container=container,
                       change=lambda c, name=container: c["linux"].update(cgroupsPath=f"/{GROUP}/{name}"))
        self.right("kill", "--regex", "^web", "KILL")
        self.await_status("stopped", "web1")
        self.await_status("stopped", "web2")
        self.assertEqual(self.state("db")["status"], "running")
        self.right("delete", "--regex", "web.")
        self.assertEqual(self.right("list", "-q"), "db\n")
        self.fails(1, "regular expression", "delete", "--regex", "[")

    def test_delete_by_force(self):
        self.start("sleep", "100")
        pid = self.state()["pid"]
        self.right("delete", "--force", "c")
        self.assertFalse(is_running(pid))
        self.assertEqual(self.left(), [])

    def test_delete_of_what_can_not_be_read(self):
        self.create("sleep", "100")
        pid = self.state()["pid"]
        path = os.path.join(self.root, "c", "state.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write("{")
        self.assertEqual(self.call("state", "c").returncode, 1)
        self.assertEqual(self.right("list", "-q"), "c\n")
        self.assertIn("c", self.call("list").stderr)
        self.right("delete", "--force", "c")
        self.assertEqual(self.left(), [])
        os.kill(pid, signal.SIGKILL)

    def test_pause(self):
        self.start("sh", "-c", "while :; do :; done")
        self.right("pause", "c")
        self.assertEqual(self.state()["status"], "paused")
        self.fails(255, "paused", "exec", "c", "true")
        self.right("resume", "c")
        self.assertEqual(self.state()["status"], "running")


class Limits(Case):
    def setUp(self):
        super().setUp()
        self.start("sleep", "100", change=lambda c: c["linux"]["resources"].update(pids={"limit": 20}))

    def pids_limit(self):
        return json.loads(self.right("events", "--stats", "c"))["data"]["pids"].get("limit")

    def test_update(self):
        self.assertEqual(self.pids_limit(), 20)
        self.right("update", "--pids-limit", "30", "c")
        self.assertEqual(self.pids_limit(), 30)
        self.right("update", "--resources", "-", "c", input='{"pids": {"limit": 40}}')
        self.assertEqual(self.pids_limit(), 40)
        path = os.path.join(self.folder, "resources.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"pids": {"limit": -1}}, file)
        self.right("update", "-r", path, "c")
        self.assertIsNone(self.pids_limit())
        self.fails(1, "nothing to change", "update", "c")
        self.fails(1, "leave out", "update", "-r", path, "--pids-limit", "3", "c")
        self.fails(1, "pids.limit", "update", "-r", "-", "c", input='{"pids": {"limit": "few"}}')
        self.fails(1, "not supported", "update", "--mem-bw-schema", "MB:0=10", "c")

    def test_events(self):
        with subprocess.Popen(self.command("events", "--interval", "50ms", "c"), stdin=NULL, stdout=subprocess.PIPE,
                              text=True) as process:
            first, second = (json.loads(process.stdout.readline()) for _ in range(2))
            self.assertEqual((first["type"], first["id"]), ("stats", "c"))
            self.assertGreaterEqual(second["data"]["cpu"]["usage"]["total"], first["data"]["cpu"]["usage"]["total"])
            self.assertEqual(second["data"]["pids"]["current"], 1)
            self.right("kill", "c", "KILL")
            process.stdout.read()
            self.assertEqual(process.wait(DEADLINE), 0)
        self.fails(1, "not running", "events", "--stats", "c")
        self.fails(1, "runs", "update", "--pids-limit", "3", "c")


class Exec(Case):
    def setUp(self):
        super().setUp()
        self.start("sleep", "100", change=lambda c: c["process"].update(cwd="/home"))

    def test_options(self):
        script = "id -u; id -g; id -G; pwd; echo $A $B; grep NoNewPrivs /proc/self/status; exit 4"
        result = self.call("exec", "-u", "1000:1001", "-g", "29,44", "--cwd", "/tmp", "-e", "A=1", "--env", "B=2", "--no-new-privs",
                           "c", "sh", "-c", script)
        self.assertEqual((result.returncode, result.stderr), (4, ""))
        self.assertEqual(result.stdout, "1000\n1001\n1001 29 44\n/tmp\n1 2\nNoNewPrivs:\t1\n")
        self.assertEqual(self.right("exec", "c", "pwd"), "/home\n")
        self.assertEqual(self.right("exec", "c", "cat", input="typed"), "typed")

    def test_capability(self):
        def bounding(*options):
            return int(self.right("exec", *options, "c", "sh", "-c", "grep CapEff /proc/self/status").split()[1], 16)
        self.assertEqual(bounding("--cap", "CAP_NET_ADMIN") & ~bounding(), 1 << 12)

    def test_process_file(self):
        path = os.path.join(self.folder, "process.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"cwd": "/", "args": ["sh", "-c", "echo $X; exit 2"], "env": ["PATH=/bin", "X=file"],
                       "user": {"uid": 0, "gid": 0}}, file)
        result = self.call("exec", "--process", path, "c")
        self.assertEqual((result.returncode, result.stdout), (2, "file\n"))
        self.fails(255, "only one", "exec", "--process", path, "c", "true")
        self.fails(255, "leave out", "exec", "--process", path, "--cwd", "/", "c")

    def test_detach(self):
        path = os.path.join(self.folder, "pid")
        self.assertEqual(self.quiet("exec", "-d", "--pid-file", path, "c", "sleep", "50"), 0)
        with open(path, encoding="utf-8") as file:
            self.assertIn(int(file.read()), json.loads(self.right("ps", "-f", "json", "c")))

    def test_signal(self):
        with subprocess.Popen(self.command("exec", "c", "sh", "-c", "echo up; exec sleep 50"), stdin=NULL, stdout=subprocess.PIPE,
                              text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.terminate()
            self.assertEqual(process.wait(DEADLINE), 128 + signal.SIGTERM)
        self.assertEqual(self.state()["status"], "running")


class Terminals(Case):
    def on_terminal(self, argv):
        """(output, exit code): a shell is told what to type when it says ready."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        before = termios.tcgetattr(slave)
        with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
            output = self.read(master, b"ready")
            self.assertNotEqual(termios.tcgetattr(slave), before)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 88, 0, 0))
            process.send_signal(signal.SIGWINCH)
            os.write(master, b"go\r")
            output += self.read(master, b"done")
            code = process.wait(DEADLINE)
            self.assertEqual(termios.tcgetattr(slave), before)
        os.close(master)
        os.close(slave)
        return output.decode(), code

    def read(self, fd, until):
        output = b""
        end = time.monotonic() + DEADLINE
        while until not in output:
            if select.select([fd], [], [], end - time.monotonic())[0]:
                output += os.read(fd, 4096)
            self.assertLess(time.monotonic(), end, output)
        return output

    SCRIPT = "tty; stty size; echo rea''dy; read line; stty size; echo $line do''ne; exit 8"

    def check(self, output, code):
        self.assertEqual(code, 8)
        self.assertIn("/dev/pts/", output)
        self.assertIn("33 77", output)
        self.assertIn("44 88", output)
        self.assertIn("go done", output)

    def test_run(self):
        self.check(*self.on_terminal(self.command("run", "-b", self.bundle("sh", "-c", self.SCRIPT, terminal=True), "c")))

    def test_exec(self):
        self.start("sleep", "100")
        self.check(*self.on_terminal(self.command("exec", "--tty", "c", "sh", "-c", self.SCRIPT)))

    def receive(self, listener):
        with listener.accept()[0] as connection:
            message, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(array.array("i").itemsize))
        self.assertNotEqual(message, b"")
        descriptors = array.array("i")
        descriptors.frombytes(control[0][2])
        return descriptors[0]

    def test_console_socket(self):
        path = os.path.join(self.folder, "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(DEADLINE)
            bundle = self.bundle("sh", "-c", "tty; echo done; sleep 100", terminal=True)
            self.assertEqual(self.quiet("create", "--console-socket", path, "-b", bundle, "c"), 0)
            master = self.receive(listener)
            self.right("start", "c")
            self.assertIn(b"/dev/", self.read(master, b"done"))
            self.assertEqual(self.quiet("exec", "-t", "-d", "--console-socket", path, "c", "sh", "-c", "echo second; sleep 9"), 0)
            second = self.receive(listener)
            self.read(second, b"second")
            os.close(second)
            os.close(master)


if __name__ == "__main__":
    unittest.main()
