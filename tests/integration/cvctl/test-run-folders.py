"""Two run folders, as a user with and without XDG_RUNTIME_DIR has them, and one state folder: what lives is left alone."""
import shutil
import tempfile

from support import *


class RunFolders(unittest.TestCase):
    ID = f"cv-test-run-folders-{os.getpid()}"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir="/var/tmp")
        for name in ("one", "other", "state"):
            os.mkdir(os.path.join(self.folder.name, name))

    def tearDown(self):
        for run in ("one", "other"):
            self.cvctl(run, "rm", "-f", self.ID)
        self.folder.cleanup()

    def env(self, run):
        return {**os.environ, "CONTAINERV_RUN_DIR": os.path.join(self.folder.name, run),
                "CONTAINERV_STATE_DIR": os.path.join(self.folder.name, "state")}

    def cvctl(self, run, *args):
        return subprocess.run([CVCTL, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, env=self.env(run))

    def state(self, run):
        return json.loads(self.cvctl(run, "inspect", self.ID).stdout)[0]["state"]

    def run_detached(self):
        result = shell("echo kept > /tmp/file; exec sleep 60", "-d", "--name", self.ID, env=self.env("one"))
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_supervised_one_is_neither_lost_nor_removed_nor_started_again(self):
        self.run_detached()
        self.assertEqual(self.state("other"), "running")
        for command in (("start",), ("rm", "-f"), ("stop",)):
            self.assertNotEqual(self.cvctl("other", *command, self.ID).returncode, 0, command)
        self.assertEqual(self.cvctl("other", "system", "prune", "-f").returncode, 0)
        self.assertEqual(self.state("one"), "running")
        self.assertEqual(self.cvctl("one", "exec", self.ID, "cat", "/tmp/file").stdout, "kept\n")

    def test_one_whose_run_folder_was_taken_away_is_not_started_twice(self):
        self.run_detached()
        one, away = (os.path.join(self.folder.name, name) for name in ("one", "away"))
        os.rename(one, away)
        state, started = self.state("one"), self.cvctl("one", "start", self.ID).returncode
        shutil.rmtree(one)
        os.rename(away, one)
        self.assertEqual(state, "running")
        self.assertNotEqual(started, 0)

    def test_what_a_caller_holds_keeps_its_files(self):
        with start("--name", self.ID, "--", "/bin/sh", "-c", "echo kept > /tmp/file; echo ready; sleep 1; cat /tmp/file",
                   env=self.env("one")) as held:
            self.assertEqual(held.stdout.readline(), "ready\n")
            result = run("--name", self.ID, "--", "/bin/true", env=self.env("other"))
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("exists", result.stderr)
            self.assertEqual(held.stdout.read(), "kept\n")
        self.assertEqual(held.returncode, 0)

    def test_one_that_goes_away_while_it_is_opened_is_an_error(self):
        self.run_detached()
        home = os.path.join(self.folder.name, "state", "containers", self.ID)
        os.rename(home, home + "-away")
        result = self.cvctl("one", "inspect", self.ID)
        os.rename(home + "-away", home)
        self.assertEqual(result.returncode, 1, result.stderr)


if __name__ == "__main__":
    main()
