"""cvctl run --secret: the content is inside, and nowhere on the host's disk."""
import tempfile

from support import *

CONTENT = "a-secret-of-%016x" % int.from_bytes(os.urandom(8), "big")


def holders(folder):
    """Files below the folder that have the content in them."""
    found = subprocess.run(["grep", "-rlF", "--devices=skip", CONTENT, folder], capture_output=True, text=True)
    return found.stdout.splitlines()


class Case(unittest.TestCase):
    def setUp(self):
        self.sources = tempfile.TemporaryDirectory()
        self.state = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.source = os.path.join(self.sources.name, "token")
        self.put(CONTENT)
        self.folders = [os.path.join(self.state.name, name) for name in ("run", "state")]
        for folder in self.folders:
            os.mkdir(folder)
        self.env = dict(os.environ, CONTAINERV_RUN_DIR=self.folders[0], CONTAINERV_STATE_DIR=self.folders[1])

    def put(self, content):
        with open(self.source, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)

    def assert_nowhere(self):
        for folder in self.folders:
            self.assertTrue(os.listdir(folder))
            self.assertEqual(holders(folder), [])

    def tearDown(self):
        self.sources.cleanup()
        self.state.cleanup()

    def option(self, more=""):
        return ["--secret", f"id=token,src={self.source}{more}"]


class OfARun(Case):
    def test_it_is_inside_and_not_on_the_disk(self):
        process = subprocess.Popen(command("-i", *self.option(), "--", "/bin/sh", "-c", "cat /run/secrets/token; echo; read x"),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        wait_for_line(process, CONTENT)
        self.assert_nowhere()
        code, _, err = finish(process)
        self.assertEqual(code, 1, err)  # read found the end
        self.assert_nowhere()

    def test_owner_and_mode(self):
        result = shell("ls -ln /run/secrets/token", *self.option(",uid=5,gid=6,mode=0640"), env=self.env)
        self.assertEqual(result.stdout.split()[0], "-rw-r-----", result.stderr)
        self.assertEqual(result.stdout.split()[2:4], ["5", "6"])

    def test_the_mount_is_gone_with_its_container(self):
        self.assertEqual(shell("true", *self.option(), env=self.env).returncode, 0)
        with open("/proc/self/mountinfo") as mounts:
            self.assertNotIn("/run/secrets", mounts.read())

    def test_errors_name_the_secret_but_not_its_content(self):
        for more, word in ((["--secret", f"id=token,src={self.source}"], "twice"), (["--secret", "id=x,src=/no/such/file"], "/no/such/file"),
                           (["-v", "/tmp:/run/secrets/x"], "/run/secrets/x"), (["--secret", f"id=x,src={self.sources.name}"], "regular file")):
            result = run(*self.option(), *more, "--", "true", env=self.env)
            self.assertEqual(result.returncode, 125, more)
            self.assertIn(word, result.stderr)
            self.assertNotIn(CONTENT, result.stderr)


class OfASupervisedContainer(Case):
    ID = f"cv-test-secrets-{os.getpid()}"
    SCRIPT = "wc -c </run/secrets/token; [ ! -e /v/second ] || exec sleep 1000; until [ -e /v/go ]; do sleep 0.05; done; exit 1"

    def cvctl(self, *args):
        return subprocess.run([CVCTL, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, env=self.env)

    def tearDown(self):
        self.cvctl("rm", "-f", self.ID)
        super().tearDown()

    def await_log(self, lines):
        deadline = time.monotonic() + DEADLINE
        while (said := self.cvctl("logs", self.ID).stdout.split()) != lines:
            self.assertLess(time.monotonic(), deadline, said)
            time.sleep(0.05)

    def test_each_start_reads_it_again(self):
        shared = os.path.join(self.sources.name, "shared")
        os.mkdir(shared)
        result = run("-d", "--restart", "on-failure", "--name", self.ID, "-v", f"{shared}:/v", *self.option(), "--", "/bin/sh", "-c", self.SCRIPT,
                     env=self.env)
        self.assertEqual(result.stdout.strip(), self.ID, result.stderr)
        lengths = [str(len(CONTENT)), str(2 * len(CONTENT)), "3"]
        self.await_log(lengths[:1])
        self.assertNotIn(CONTENT, self.cvctl("inspect", self.ID).stdout)
        self.assert_nowhere()
        self.put(CONTENT * 2)
        for name in ("second", "go"):
            open(os.path.join(shared, name), "w").close()
        self.await_log(lengths[:2])  # it was started again by its supervisor
        self.assertEqual(self.cvctl("stop", self.ID).returncode, 0)
        self.assert_nowhere()
        os.unlink(self.source)
        result = self.cvctl("start", self.ID)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(self.source, result.stderr)
        self.put("new")
        self.assertEqual(self.cvctl("start", self.ID).returncode, 0)
        self.await_log(lengths)
        self.assertEqual(self.cvctl("stop", self.ID).returncode, 0)


if __name__ == "__main__":
    main()
