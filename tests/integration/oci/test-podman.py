"""podman run, exec, logs, attach, pause, kill, stop, cp: the life of a container with the runtime under test."""
import json
import re
import signal

from podman import *


class Run(PodmanCase):
    def test_output_input_and_exit_code(self):
        result = self.run_in("-i", "--", "/bin/sh", "-c", "cat; echo two >&2; exit 3", stdin="one\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, "one\n", "two\n"))
        self.assertEqual(self.output_in("--", "/bin/echo", "hello"), "hello")

    def test_a_program_that_is_missing(self):
        for program in ("/bin/no-such-program", "no-such-program"):
            self.assert_ends(self.run_in("--", program), 127, "command", "not found", program)

    def test_a_program_that_is_not_executable(self):
        self.assert_ends(self.run_in("--", "/etc/not-executable"), 126, "permission denied")

    def test_what_podman_refuses(self):
        self.assert_ends(self.run_in("--no-such-option", "--", "true"), 125)

    def test_a_wrong_option_for_the_runtime(self):
        self.assert_ends(self.run_in("--workdir", "/etc/passwd", "--", "true"), 126)

    def test_killed_from_inside(self):
        self.assert_ends(self.run_in("--init", "--", "/bin/sh", "-c", "kill -9 $$"), 137)

    def test_environment_user_and_folder(self):
        self.assertEqual(self.output_in("--env", "A=b c", "--user", "joe", "--workdir", "/home/joe", "--hostname", "box", "--",
                                        "/bin/sh", "-c", "echo $A; id -un; pwd; hostname; pwd; echo $HOME"),
                         "b c\njoe\n/home/joe\nbox\n/home/joe\n/home/joe")

    def test_further_groups(self):
        self.assertEqual(self.output_in("--user", "1000:1000", "--group-add", "44", "--group-add", "4242", "--", "id", "-G"), "1000 44 4242")

    def test_create_and_start(self):
        identity = output("create", *options(), IMAGE, "/bin/sh", "-c", "echo started; exit 4")
        self.addCleanup(podman, "rm", "--force", "--ignore", identity)
        self.assertEqual(self.state(identity), "created")
        self.assert_ends(podman("start", "--attach", identity), 4, "started")
        self.assertEqual(self.state(identity), "exited")
        self.assert_ends(podman("start", "--attach", identity), 4, "started")

    def test_init_to_start_has_it_made(self):
        identity = output("create", *options(), IMAGE, "sleep", "1000")
        self.addCleanup(podman, "rm", "--force", "--time", "0", "--ignore", identity)
        output("container", "init", identity)
        self.assertEqual(self.state(identity), "initialized")
        self.assertEqual(podman("exec", identity, "true").returncode, 255)  # podman's own refusal
        output("start", identity)
        self.assertEqual(self.state(identity), "running")

    def test_much_output_is_complete(self):
        result = self.run_in("--", "seq", "1", "100000")
        self.assertEqual(result.stdout, "".join(f"{number}\n" for number in range(1, 100001)))

    def test_further_descriptors(self):
        path = f"{PLACE}/by-three"
        words = ["run", "--rm", *options("--preserve-fds", "1"), IMAGE, "sh", "-c", "echo by three >&3"]
        self.assert_ends(call("sh", "-c", f'exec podman --runtime {RUNTIME} "$@" 3>{path}', "sh", *words, env=ENV), 0)
        with open(path) as file:
            self.assertEqual(file.read(), "by three\n")


class Exec(PodmanCase):
    def setUp(self):
        self.box = self.start("--env", "FROM=run", "--", "sleep", "1000")

    def test_exit_codes(self):
        for words, code in ((("true",), 0), (("sh", "-c", "exit 3"), 3), (("/bin/no-such-program",), 127), (("/etc/not-executable",), 126),
                            (("sh", "-c", "kill -9 $$"), 137)):
            self.assert_ends(podman("exec", self.box, *words), code)

    def test_streams(self):
        result = podman("exec", "-i", self.box, "sh", "-c", "cat; echo two >&2", stdin="one\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "one\n", "two\n"))

    def test_user_environment_and_folder(self):
        got = output("exec", "--user", "joe", "--env", "A=b", "--workdir", "/home", self.box, "sh", "-c", "id -un; pwd; echo $A $FROM")
        self.assertEqual(got, "joe\n/home\nb run")

    def test_privileged(self):
        none, every = (int(output("exec", *more, self.box, "sh", "-c", "grep CapEff /proc/self/status").split()[1], 16)
                       for more in ((), ("--privileged",)))
        self.assertEqual(none & (1 << 21), 0)  # CAP_SYS_ADMIN
        self.assertNotEqual(every & (1 << 21), 0)

    def test_detached(self):
        output("exec", "--detach", self.box, "sh", "-c", "echo done >/tmp/done; sleep 1000")
        poll(lambda: podman("exec", self.box, "cat", "/tmp/done").stdout == "done\n", "the detached command")

    def test_it_is_in_the_container(self):
        self.assertEqual(output("exec", self.box, "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; ls -d /proc/[0-9]* | wc -l").split()[0], "sleep")
        self.assertEqual(output("exec", self.box, "readlink", "/proc/self/ns/mnt"), os.readlink(f"/proc/{self.pid(self.box)}/ns/mnt"))

    def test_top(self):
        output("exec", "--detach", self.box, "sleep", "2000")
        poll(lambda: "sleep 2000" in podman("top", self.box, "args").stdout, "the command in podman top")

    def test_inspect(self):
        found = json.loads(output("inspect", self.box))[0]
        self.assertEqual((found["State"]["Status"], os.path.basename(found["OCIRuntime"])), ("running", os.path.basename(RUNTIME)))
        self.assertEqual(os.readlink(f"/proc/{found['State']['Pid']}/exe"), "/bin/busybox")
        with open(found["OCIConfigPath"]) as file:
            self.assertEqual(json.load(file)["process"]["args"], ["sleep", "1000"])


class OnATerminal(PodmanCase):
    def test_run(self):
        t = self.container_terminal("--", "sh", "-c", "tty; test -t 0 && test -t 2 && echo both; stty size; read line; echo \"<$line>\"; exit 5",
                                    columns=91, rows=17)
        t.expect("/dev/pts/0")
        t.expect("both")
        t.type("typed\r")
        t.expect("<typed>")
        self.assertEqual(t.end(), 5)
        self.assertTrue(t.as_before())

    def test_resize(self):
        t = self.container_terminal("--", "sh", "-c", "trap 'stty size; exit 6' WINCH; echo ready; while :; do sleep 0.1; done")
        t.expect("ready")
        t.resize(133, 43)
        t.expect("43 133")
        self.assertEqual(t.end(), 6)

    def test_ctrl_c(self):
        t = self.container_terminal("--", "sh", "-c", "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.1; done")
        t.expect("ready")
        t.type("\x03")
        t.expect("interrupted")
        self.assertEqual(t.end(), 9)

    def test_exec(self):
        box = self.start("--", "sleep", "1000")
        t = self.podman_terminal("exec", "-it", box, "sh", "-c", "tty; read line; stty size; echo \"<$line>\"; exit 7", columns=101, rows=27)
        t.expect("/dev/pts/")
        t.type("typed\r")
        t.expect("27 101")
        t.expect("<typed>")
        self.assertEqual(t.end(), 7)
        self.assertTrue(t.as_before())

    def test_a_user_owns_his(self):
        t = self.container_terminal("--user", "joe", "--", "sh", "-c", "echo hi >$(tty) && stat -c %u $(tty)")
        t.expect("hi")
        t.expect("1000")
        self.assertEqual(t.end(), 0)

    def attach(self, box):
        """Before the terminal is raw its keys are still for the terminal."""
        t = self.podman_terminal("attach", box)
        poll(lambda: not t.as_before(), "a raw terminal")
        return t

    def detach(self, t):
        """podman takes each of the two keys only from a read of its own."""
        def keys():
            t.type("\x10")
            time.sleep(0.1)
            t.type("\x11")
            t.read_some(0.2)
            return t.process.poll() is not None
        poll(keys, "podman attach ends at its keys")

    def test_attach_and_detach(self):
        box = self.start("-it", "--", "sh", "-c", "while read line; do echo \"<$line>\"; done; exit 8")
        for word in ("one", "two"):
            t = self.attach(box)
            t.type(word + "\r")
            t.expect(f"<{word}>")
            self.detach(t)
            self.assertEqual(t.end(), 0)
            self.assertEqual(self.state(box), "running")
        t = self.attach(box)
        t.type("\x04")
        t.end()  # with 0 from this podman
        self.assertEqual(output("wait", box), "8")

    def test_attach_without_a_terminal(self):
        box = self.start("-i", "--", "sh", "-c", "read line; echo \"<$line>\"; exit 8")
        result = podman("attach", box, stdin="typed\n")
        self.assertEqual((result.stdout.rstrip(), output("wait", box)), ("<typed>", "8"))


class Life(PodmanCase):
    def test_logs(self):
        box = self.start("--", "sh", "-c", "echo one; echo two >&2; sleep 1000")
        result = poll(lambda: (lambda r: r if r.stdout and r.stderr else None)(podman("logs", box)), "both lines")
        self.assertEqual((result.stdout, result.stderr), ("one\n", "two\n"))

    def test_pause_and_unpause(self):
        box = self.start("--", "sh", "-c", "while :; do echo $((n += 1)) >/tmp/n; sleep 0.02; done")
        poll(lambda: podman("exec", box, "cat", "/tmp/n").stdout, "a number")
        counter = f"/proc/{self.pid(box)}/root/tmp/n"

        def number():
            with open(counter) as file:
                return file.read()
        output("pause", box)
        self.assertEqual(self.state(box), "paused")
        self.assertEqual(podman("exec", box, "true").returncode, 255)
        before = number()
        time.sleep(0.2)  # ten rounds of what doesn't go round
        self.assertEqual(number(), before)
        output("unpause", box)
        self.assertEqual(self.state(box), "running")
        poll(lambda: number() not in ("", before), "a further number")

    def test_kill_a_paused_one(self):
        box = self.start("--", "sleep", "1000")
        output("pause", box)
        output("rm", "--force", "--time", "0", box)
        self.assertEqual(podman("container", "exists", box).returncode, 1)

    def test_kill_with_signals(self):
        box = self.start("--", "sh", "-c", "trap 'echo usr1' USR1; trap 'echo term; exit 11' TERM; echo ready; while :; do sleep 0.05; done")
        for name, line in (("", "ready\n"), ("USR1", "ready\nusr1\n"), ("15", "ready\nusr1\nterm\n")):
            if name:
                output("kill", "--signal", name, box)
            poll(lambda: podman("logs", box).stdout == line, line)
        self.assertEqual(output("wait", box), "11")
        self.assertEqual(podman("kill", box).returncode, 125)

    def test_kill(self):
        box = self.start("--", "sleep", "1000")
        output("kill", box)
        self.assertEqual(output("wait", box), "137")

    def test_stop(self):
        for script, code in (("trap 'exit 12' TERM; while :; do sleep 0.05; done", "12"), ("trap '' TERM; while :; do sleep 0.05; done", "137")):
            box = self.start("--", "sh", "-c", script)
            output("stop", "--time", "1", box)
            self.assertEqual(output("wait", box), code)

    def test_restart_and_again(self):
        box = self.start("--", "sh", "-c", "echo up >>/root/ups; sleep 1000")
        output("restart", "--time", "0", box)
        self.assertEqual(output("exec", box, "cat", "/root/ups"), "up\nup")

    def test_restart_policy(self):
        box = self.start("--restart", "on-failure:2", "--", "sh", "-c", "echo up >>/root/ups; exit 5")
        poll(lambda: output("inspect", "--format", "{{.RestartCount}} {{.State.Status}}", box) == "2 exited", "the last restart")
        self.assertEqual(output("logs", box), "")

    def test_copies(self):
        box = self.start("--tmpfs", "/mem", "--", "sleep", "1000")
        path = write(f"{PLACE}/copied/a", "content\n")
        for inside in ("/root/a", "/mem/a"):
            output("cp", path, f"{box}:{inside}")
            self.assertEqual(output("exec", box, "cat", inside), "content")
            output("cp", f"{box}:{inside}", path + ".back")
            with open(path + ".back") as file:
                self.assertEqual(file.read(), "content\n")

    def test_all_is_gone_with_it(self):
        box = self.start("--", "sleep", "1000")
        pid = self.pid(box)
        folder = group_of(pid, "pids")
        self.assertTrue(os.path.isdir(folder) and GROUP in folder, folder)
        output("rm", "--force", "--time", "0", box)
        self.assertFalse(os.path.exists(folder) or os.path.exists(f"/proc/{pid}"))
        with open("/proc/self/mountinfo") as file:
            self.assertNotIn(box, file.read())

    def test_stats(self):
        box = self.start("--", "sh", "-c", "while :; do :; done")
        found = json.loads(output("stats", "--no-stream", "--format", "json", box))[0]
        self.assertTrue(re.match(r"\d", found["mem_usage"]), found)
        self.assertEqual(found["pids"], "1")

    def test_healthcheck(self):
        box = self.start("--health-cmd", "test -e /tmp/well", "--", "sleep", "1000")
        self.assertEqual(podman("healthcheck", "run", box).returncode, 1)
        output("exec", box, "touch", "/tmp/well")
        self.assertEqual(podman("healthcheck", "run", box).returncode, 0)

    def test_signals_of_the_client_reach_it(self):
        name = "signalled"
        self.addCleanup(podman, "rm", "--force", "--time", "0", "--ignore", name)  # with --rm this podman may lose the exit code
        process = subprocess.Popen(["podman", "--runtime", RUNTIME, "run", "--name", name, *options(), IMAGE, "sh", "-c",
                                    "trap 'exit 13' TERM; echo ready; while :; do sleep 0.05; done"], env=ENV, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")

        def sent():
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            return process.poll() is not None
        poll(sent, "the end of podman run")  # podman loses what comes before it passes signals on, with any runtime
        self.assertEqual(output("wait", name), "13")


if __name__ == "__main__":
    main()
