"""containerd with its own shim of runc, which calls the runtime under test: ctr run, exec, kill, pause, metrics, delete."""
import json

from containerd import *

IMAGE = "docker.io/library/box:1"


class ContainerdCase(Case):
    names = iter(range(1000))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = start_containerd()
        cls.addClassCleanup(lambda: (cls.daemon.terminate(), cls.daemon.wait(DEADLINE)))
        archive = write_archive(f"{PLACE}/image.tar", tar_of_the_root(), "box:1", ["/bin/sh"])
        output("image", "import", archive)

    def name(self):
        return f"c{next(self.names)}"

    def words(self, *words):
        """OPTIONS -- COMMAND, in the order that ctr takes."""
        at = words.index("--")
        return ("--runc-binary", RUNTIME, *words[:at], IMAGE, self.name(), *words[at + 1:])

    def run_in(self, *words, **more):
        return ctr("run", "--rm", *self.words(*words), **more)

    def start(self, *words):
        words = self.words(*words)
        name = words[words.index(IMAGE) + 1]
        self.addCleanup(ctr, "container", "delete", name)
        self.addCleanup(ctr, "task", "delete", "--force", name)
        output("run", "--detach", *words)
        return name

    def task(self, name):
        """Its process and its status."""
        for line in output("task", "ls").splitlines():
            if line.split()[0] == name:
                return int(line.split()[1]), line.split()[2]
        return None, None


class Run(ContainerdCase):
    def test_output_input_and_exit_code(self):
        result = self.run_in("--", "sh", "-c", "read line; echo $line; echo two >&2; exit 3", stdin="one\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, "one\n", "two\n"))

    def test_programs_that_do_not_run(self):
        for program, words in (("no-such-program", "executable file not found in $PATH"), ("/bin/no-such-program", "no such file or directory"),
                               ("/etc/not-executable", "permission denied")):
            self.assert_ends(self.run_in("--", program), 1, words)
        self.assertEqual(output("container", "ls", "-q"), "")

    def test_environment_folder_and_mount(self):
        write(f"{PLACE}/bound/file", "bound\n")
        result = self.run_in("--env", "A=b", "--cwd", "/home", "--mount", f"type=bind,src={PLACE}/bound,dst=/there,options=rbind:ro", "--",
                             "sh", "-c", "echo $A; pwd; cat /there/file; touch /there/new")
        self.assert_ends(result, 1, "b\n/home\nbound\n", "Read-only file system")

    def test_home_is_that_of_the_container_s_user(self):
        self.assertEqual(self.run_in("--", "sh", "-c", "echo $HOME").stdout, "/root\n")
        self.assertEqual(self.run_in("--env", "HOME=/given", "--", "sh", "-c", "echo $HOME").stdout, "/given\n")
        box = self.start("--", "sleep", "1000")
        for user, home in (("1000", "/home/joe"), ("4321", "/")):
            self.assertEqual(output("task", "exec", "--exec-id", "home-" + user, "--user", user, box, "sh", "-c", "echo $HOME"), home)

    def test_read_only(self):
        self.assert_ends(self.run_in("--read-only", "--", "touch", "/file"), 1, "Read-only file system")

    def test_privileges(self):
        def status(*words):
            return dict(line.split(":\t") for line in self.run_in(*words, "--", "cat", "/proc/self/status").stdout.splitlines() if ":\t" in line)
        plain, filtered = status(), status("--seccomp", "--cap-drop", "CAP_CHOWN", "--allow-new-privs")
        self.assertEqual((plain["Seccomp"], plain["NoNewPrivs"]), ("0", "1"))
        self.assertEqual((filtered["Seccomp"], filtered["NoNewPrivs"]), ("2", "0"))
        self.assertEqual(int(plain["CapEff"], 16) & ~int(filtered["CapEff"], 16), 1)

    def test_privileged(self):
        self.assert_ends(self.run_in("--privileged", "--", "sh", "-c", "mkdir /m && mount -t tmpfs none /m && echo mounted"), 0, "mounted")

    def test_user_namespace(self):
        result = self.run_in("--uidmap", "0:600000000:65536", "--gidmap", "0:600000000:65536", "--", "sh", "-c", "cat /proc/self/uid_map; id -u")
        self.assert_ends(result, 0)
        self.assertEqual(result.stdout.split(), ["0", "600000000", "65536", "0"])

    def test_terminal(self):
        t = self.terminal("ctr", "--address", SOCKET, "--namespace", GROUP, "run", "--rm", "--tty",
                          *self.words("--", "sh", "-c", "tty; stty size; read line; echo \"<$line>\"; exit 5"), columns=91, rows=17)
        t.expect("/dev/pts/0")
        t.type("typed\r")
        t.expect("<typed>")
        self.assertEqual(t.end(), 5)
        self.assertTrue(t.as_before())

    def test_root_folder(self):
        subprocess.run(["cp", "-a", ROOTFS, f"{PLACE}/root"], check=True)
        result = ctr("run", "--rm", "--runc-binary", RUNTIME, "--env", "PATH=/bin", "--rootfs", f"{PLACE}/root", self.name(), "ls", "/home")
        self.assert_ends(result, 0, "joe")

    def test_host_s_network_and_given_namespaces(self):
        self.assertEqual(self.run_in("--net-host", "--", "readlink", "/proc/self/ns/net").stdout.strip(), os.readlink("/proc/self/ns/net"))
        box = self.start("--", "sleep", "1000")
        path = f"/proc/{self.task(box)[0]}/ns/"
        result = self.run_in("--with-ns", f"ipc:{path}ipc", "--with-ns", f"network:{path}net", "--",
                             "sh", "-c", "readlink /proc/self/ns/ipc; readlink /proc/self/ns/net")
        self.assert_ends(result, 0)
        self.assertEqual(result.stdout.split(), [os.readlink(path + kind) for kind in ("ipc", "net")])


class Life(ContainerdCase):
    def test_exec(self):
        box = self.start("--env", "FROM=run", "--", "sleep", "1000")
        result = ctr("task", "exec", "--exec-id", "one", box, "sh", "-c", "cat; echo $FROM >&2; exit 5", stdin="in\n")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (5, "in\n", "run\n"))
        self.assert_ends(ctr("task", "exec", "--exec-id", "two", box, "no-such-program"), 1, "executable file not found in $PATH")
        self.assertEqual(output("task", "exec", "--exec-id", "three", "--cwd", "/home", "--user", "1000", box, "sh", "-c", "id -u; pwd"), "1000\n/home")
        t = self.terminal("ctr", "--address", SOCKET, "--namespace", GROUP, "task", "exec", "--tty", "--exec-id", "four", box, "sh", "-c",
                          "tty; read line; echo \"<$line>\"; exit 6")
        t.expect("/dev/pts/")
        t.type("typed\r")
        t.expect("<typed>")
        self.assertEqual(t.end(), 6)

    def test_kill_and_delete(self):
        box = self.start("--", "sh", "-c", "trap 'exit 11' TERM; while :; do sleep 0.05; done")
        pid, status = self.task(box)
        self.assertEqual(status, "RUNNING")
        self.assertNotEqual(ctr("task", "delete", box).returncode, 0)
        output("task", "kill", "--signal", "SIGTERM", box)
        poll(lambda: self.task(box)[1] == "STOPPED", "its end")
        output("task", "delete", box)
        output("container", "delete", box)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertNotIn(box, os.listdir(f"/run/containerd/io.containerd.runtime.v2.task/{GROUP}") +
                         os.listdir(f"/run/containerd/runc/{GROUP}"))

    def test_exit_code_after_a_signal(self):
        words = self.words("--", "sh", "-c", "trap 'exit 11' TERM; echo ready; while :; do sleep 0.05; done")
        process = subprocess.Popen(["ctr", "--address", SOCKET, "--namespace", GROUP, "run", "--rm", *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        with process:
            self.assertEqual(process.stdout.readline(), b"ready\n")
            output("task", "kill", "--signal", "SIGTERM", words[words.index(IMAGE) + 1])
            self.assertEqual(process.wait(DEADLINE), 11)

    def test_kill_all(self):
        box = self.start("--", "sh", "-c", "sleep 2000 & exec sleep 1000")
        group = group_of(self.task(box)[0], "pids")
        output("task", "kill", "--all", "--signal", "SIGKILL", box)
        poll(lambda: self.task(box)[1] == "STOPPED", "its end")
        output("task", "delete", box)
        self.assertFalse(os.path.exists(group))

    def test_pause_and_resume(self):
        box = self.start("--", "sh", "-c", "while :; do echo $((n += 1)) >/tmp/n; sleep 0.02; done")
        counter = f"/proc/{self.task(box)[0]}/root/tmp/n"
        poll(lambda: os.path.exists(counter), "a number")

        def number():
            with open(counter) as file:
                return file.read()
        output("task", "pause", box)
        self.assertEqual(self.task(box)[1], "PAUSED")
        before = number()
        time.sleep(0.2)  # ten rounds of what doesn't go round
        self.assertEqual(number(), before)
        output("task", "resume", box)
        self.assertEqual(self.task(box)[1], "RUNNING")
        poll(lambda: number() not in ("", before), "a further number")

    def test_metrics_and_processes(self):
        box = self.start("--memory-limit", str(32 << 20), "--", "sh", "-c", "sleep 2000 & exec sleep 1000")
        metrics = json.loads(output("task", "metrics", "--format", "json", box))
        self.assertTrue(metrics["pids"]["current"], metrics)
        poll(lambda: len(output("task", "ps", box).splitlines()) == 3, "two processes")

    def test_limits(self):
        box = self.start("--memory-limit", str(32 << 20), "--cpus", "0.5", "--", "sleep", "1000")
        pid = self.task(box)[0]
        self.assertEqual(limit_of(pid, "memory", "memory.limit_in_bytes", "memory.max"), str(32 << 20))
        self.assertEqual(cpu_limit_of(pid), 0.5)
        self.assertIn(GROUP, group_of(pid, "memory"))

    def test_containerd_anew(self):
        """The shims go on without it, and it finds them."""
        box = self.start("--", "sh", "-c", "trap 'exit 12' TERM; while :; do sleep 0.05; done")
        self.daemon.kill()
        self.daemon.wait(DEADLINE)
        type(self).daemon = start_containerd()
        self.assertEqual(self.task(box)[1], "RUNNING")
        output("task", "kill", "--signal", "SIGTERM", box)
        poll(lambda: self.task(box)[1] == "STOPPED", "its end")
        output("task", "delete", box)


if __name__ == "__main__":
    main()
