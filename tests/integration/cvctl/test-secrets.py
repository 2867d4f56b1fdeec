"""cvctl run --secret: the content is inside, and nowhere on the host's disk."""
import tempfile

from support import *

CONTENT = "a-secret-of-%016x" % int.from_bytes(os.urandom(8), "big")


def holders(folder):
    """Files below the folder that have the content in them."""
    found = subprocess.run(["grep", "-rlF", "--devices=skip", CONTENT, folder], capture_output=True, text=True)
    return found.stdout.splitlines()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.sources = tempfile.TemporaryDirectory()
        self.state = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.source = os.path.join(self.sources.name, "token")
        with open(self.source, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(CONTENT)
        self.folders = [os.path.join(self.state.name, name) for name in ("run", "state")]
        for folder in self.folders:
            os.mkdir(folder)
        self.env = dict(os.environ, CONTAINERV_RUN_DIR=self.folders[0], CONTAINERV_STATE_DIR=self.folders[1])

    def tearDown(self):
        self.sources.cleanup()
        self.state.cleanup()

    def option(self, more=""):
        return ["--secret", f"id=token,src={self.source}{more}"]

    def test_it_is_inside_and_not_on_the_disk(self):
        process = subprocess.Popen(command("-i", *self.option(), "--", "/bin/sh", "-c", "cat /run/secrets/token; echo; read x"),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        wait_for_line(process, CONTENT)
        for folder in self.folders:
            self.assertTrue(os.listdir(folder))
            self.assertEqual(holders(folder), [])
        code, _, err = finish(process)
        self.assertEqual(code, 1, err)  # read found the end
        for folder in self.folders:
            self.assertEqual(holders(folder), [])

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


if __name__ == "__main__":
    main()
