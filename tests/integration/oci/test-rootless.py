"""podman of a plain user, with sub-ids and without, with the runtime under test."""
import shutil

from podman import *


class Rootless:
    """With a copy of the runtime, as the folders above it may be closed to others."""
    driver_options = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = f"/run/{cls.user}"
        os.makedirs(cls.home + "/run", exist_ok=True)
        cls.runtime = shutil.copy(RUNTIME, f"{cls.home}/{os.path.basename(RUNTIME)}")
        os.chmod(cls.runtime, 0o755)
        shutil.copy(tar_of_the_root(), cls.home + "/root.tar")
        cls.env = configure(cls.home, cls.runtime, cls.driver_options)
        cls.env["XDG_RUNTIME_DIR"] = cls.home + "/run"
        for path in ("", "/run", "/root.tar"):
            shutil.chown(cls.home + path, cls.user, cls.user)
        os.chmod(cls.home + "/run", 0o700)
        cls.addClassCleanup(cls.podman, "system", "migrate")  # ends the process that keeps his namespaces
        cls.output("import", cls.home + "/root.tar", IMAGE)

    @classmethod
    def words(cls, *args):
        return ["setpriv", "--reuid", cls.user, "--regid", cls.user, "--clear-groups", "podman", "--runtime", cls.runtime, *args]

    @classmethod
    def podman(cls, *args, **more):
        return call(*cls.words(*args), env=cls.env, cwd=cls.home, **more)

    @classmethod
    def output(cls, *args, **more):
        result = cls.podman(*args, **more)
        if result.returncode != 0:
            raise AssertionError(f"podman {args}: {result.returncode}: {result.stdout}{result.stderr}")
        return result.stdout.rstrip("\n")

    def output_in(self, *words, **more):
        at = words.index("--")
        network = () if "--network" in words else ("--network", "none")
        return self.output("run", "--rm", *network, *words[:at], IMAGE, *words[at + 1:], **more)

    def start(self, *words):
        identity = self.output("run", "--detach", "--network", "none", IMAGE, *words).splitlines()[-1]
        self.addCleanup(self.podman, "rm", "--force", "--time", "0", "--ignore", identity)
        return identity

    def test_ids(self):
        got = [line.split() for line in self.output_in("--", "cat", "/proc/self/uid_map").splitlines()]
        self.assertEqual(got, self.map)

    def test_exit_codes(self):
        for words, code in ((("sh", "-c", "exit 3"), 3), (("/etc/not-executable",), 126), (("no-such-program",), 127)):
            self.assert_ends(self.podman("run", "--rm", "--network", "none", IMAGE, *words), code)

    def test_exec_stop_and_remove(self):
        box = self.start("sh", "-c", "trap 'exit 11' TERM; echo ready; while :; do sleep 0.05; done")
        self.assert_ends(self.podman("exec", box, "sh", "-c", "id -u; exit 4"), 4, "0")
        poll(lambda: self.podman("logs", box).stdout == "ready\n", "its line")
        self.output("stop", "--time", "5", box)
        self.assertEqual(self.output("wait", box), "11")

    def test_terminal(self):
        env = [f"{key}={value}" for key, value in self.env.items()]
        t = self.terminal("env", "-i", "-C", self.home, *env, *self.words("run", "--rm", "-it", "--network", "none", IMAGE, "sh", "-c",
                                                                          "tty; read line; echo \"<$line>\"; exit 5"))
        t.expect("/dev/pts/")
        t.type("typed\r")
        t.expect("<typed>")
        self.assertEqual(t.end(), 5)

    def test_mounts(self):
        path = write(f"{self.home}/bound/file", "bound\n")
        shutil.chown(os.path.dirname(path), self.user, self.user)
        self.assertEqual(self.output_in("--read-only", "--tmpfs", "/mem", "-v", f"{os.path.dirname(path)}:/there", "--", "sh", "-c",
                                        "cat /there/file; touch /there/new /mem/new; ! touch /new 2>/dev/null"), "bound")
        self.assertEqual(os.stat(f"{self.home}/bound/new").st_uid, os.stat(self.home).st_uid)


class WithSubIds(Rootless, Case):
    user = "tester"
    map = [["0", "48112", "1"], ["1", "700000000", "65536"]]

    def test_a_user(self):
        self.assertEqual(self.output_in("--user", "joe", "--", "sh", "-c", "id -u; touch /home/joe/x; stat -c %u /home/joe/x"), "1000\n1000")

    def test_his_own_id_inside(self):
        self.assertEqual(self.output_in("--userns", "keep-id", "--", "id", "-u"), "48112")

    def test_network(self):
        self.assertIn("10.0.2.100", self.output_in("--network", "slirp4netns", "--", "ip", "address"))

    def test_the_host_s_network(self):
        self.assertEqual(self.output_in("--network", "host", "--", "readlink", "/proc/self/ns/net"), os.readlink("/proc/self/ns/net"))


class WithoutSubIds(Rootless, Case):
    user = "single"
    map = [["0", "48113", "1"]]
    driver_options = 'ignore_chown_errors = "true"'


if __name__ == "__main__":
    main()
