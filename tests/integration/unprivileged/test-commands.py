"""The commands for supervised containers as a plain user: each does its work, or says what his session lacks for it."""
import json

from user import *

SERVE = "echo out; echo oops >&2; trap 'exit 7' TERM; while :; do sleep 0.05; done"
NO_CGROUP = "the container has no cgroup, since none was delegated to this user"


class Both:
    def setUp(self):
        super().setUp()
        self.name = "job-" + os.path.basename(self.folder).rsplit("-", 1)[1].replace("_", "x")
        self.addCleanup(self.assert_nothing_left)
        self.addCleanup(lambda: self.cvctl("rm", "-f", self.name))

    def cvctl(self, *args, data=""):
        return subprocess.run(self.as_user(CVCTL, *args), input=data, capture_output=True, text=True, timeout=60, env=self.env, cwd="/")

    def good(self, *args, data="", code=0):
        result = self.cvctl(*args, data=data)
        self.assertEqual((result.returncode, result.stderr), (code, ""), (args, result.stdout))
        return result.stdout

    def make(self, *options, script=SERVE, command=("run", "-d")):
        self.good(*command, "--rootfs", self.root + ":O", "--name", self.name, *options, "--", "/bin/sh", "-c", script)

    def says(self, text):
        poll(lambda: text in self.cvctl("logs", self.name).stdout, lambda: self.cvctl("logs", self.name))

    def test_found_watched_and_ended(self):
        self.make()
        self.says("out\n")
        self.assertIn("Up ", self.good("ps"))
        logs = self.cvctl("logs", self.name)
        self.assertEqual((logs.returncode, logs.stdout, logs.stderr), (0, "out\n", "oops\n"))
        self.assertEqual(json.loads(self.good("inspect", self.name))[0]["state"], "running")
        self.assertIn("/bin/sh -c", self.good("top", self.name))
        self.assertIn(self.name, self.good("stats", "--no-stream", self.name))
        self.assertEqual(self.good("stop", self.name), self.name + "\n")
        self.assertEqual(self.good("wait", self.name), "7\n")
        self.assertEqual(self.good("ps"), self.good("ps").splitlines()[0] + "\n")
        self.assertIn("Exited (7)", self.good("ps", "-a"))
        told = self.good("events", "--since", "1h", "--until", "0s")
        for words in ("created", "started main", "exited main", "code 7", "stopped"):
            self.assertIn(words, told)

    def test_started_again_with_its_files(self):
        self.make()
        self.assertEqual(self.good("exec", self.name, "/bin/sh", "-c", "id -u; echo kept >/tmp/file; exit 3", code=3), "0\n")
        self.good("kill", self.name)
        self.assertEqual(self.good("wait", self.name), "137\n")
        self.assertIn("A /tmp/file", self.good("diff", self.name).splitlines())
        self.good("start", self.name)
        self.assertEqual(self.good("exec", self.name, "/bin/cat", "/tmp/file"), "kept\n")
        copy = os.path.join(self.home, "copy")
        self.good("cp", f"{self.name}:/tmp/file", copy)
        self.assertEqual(os.stat(copy).st_uid, UID)
        self.assertIn(" runs\n", self.cvctl("rm", self.name).stderr)
        self.good("rm", "-f", self.name)
        self.assertNotIn(self.name, self.good("ps", "-a"))

    def test_created_and_attached(self):
        self.make("-i", script="read line; echo got $line", command=("create",))
        self.assertIn("Created", self.good("ps", "-a"))
        self.assertEqual(self.good("start", "-ai", self.name, data="it\n"), "got it\n")
        self.assertEqual(self.good("logs", self.name), "got it\n")

    def test_restarts(self):
        self.make("--restart", "on-failure:1", script="echo try; exit 4")
        poll(lambda: self.good("logs", self.name) == "try\ntry\n", lambda: self.cvctl("logs", self.name))
        poll(lambda: "Exited (4)" in self.good("ps", "-a"), lambda: self.cvctl("ps", "-a"))

    def test_secrets(self):
        source = os.path.join(self.home, "secret")
        with open(source, "w") as file:
            file.write("s3cret")
        os.chown(source, UID, UID)
        os.chmod(source, 0o400)
        self.make("--secret", f"source={source},id=key", script="stat -c '%a %u' /run/secrets/key; cat /run/secrets/key >/dev/null && echo read")
        self.assertEqual(self.good("wait", self.name), "0\n")
        self.assertEqual(self.good("logs", self.name), "400 0\nread\n")
        self.assertNotIn("s3cret", self.good("inspect", self.name))

    def test_what_needs_a_cgroup(self):
        """Refused with what to do, and nothing has happened."""
        self.make()
        for command in (["pause", self.name], ["update", "--memory", "64M", self.name]):
            result = self.cvctl(*command)
            if result.returncode == 0:  # this session was given a cgroup
                self.assertEqual(command[0], "pause")
                self.good("unpause", self.name)
                return
            self.assertIn("not supported here", result.stderr)
            self.assertIn("delegate", (result.stderr).lower())
        self.assertIn("Up ", self.good("ps"))
        self.assertIn("is running", self.cvctl("unpause", self.name).stderr)

    def test_a_supervisor_that_was_killed(self):
        self.make()
        self.says("out\n")
        pid = json.loads(self.good("inspect", self.name))[0]["supervisor"]
        os.kill(pid, 9)
        poll(lambda: "Lost " in self.good("ps", "-a"), lambda: self.cvctl("ps", "-a"))
        self.assertIn("lost", self.good("inspect", self.name))
        self.assertEqual(self.cvctl("logs", self.name).stdout, "out\n")
        self.good("start", self.name)
        self.assertIn("Up ", self.good("ps"))


class WithSubIds(Both, Case):
    pass


class WithoutSubIds(Both, Case):
    subids = False


if __name__ == "__main__":
    main()
