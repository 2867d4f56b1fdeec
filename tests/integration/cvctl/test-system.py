"""cvctl system prune and doctor --repair: what is found, told, removed, and what is not."""
import shutil
import tempfile

from support import *


class System(unittest.TestCase):
    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="cv-system-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.base, True)
        self.env = dict(os.environ, CONTAINERV_RUN_DIR=self.base + "/run", CONTAINERV_STATE_DIR=self.base + "/state")
        for name in ("left/upper", "kept"):
            os.makedirs(self.base + "/state/containers/" + name)
        with open(self.base + "/state/containers/kept/state.json", "w") as file:
            json.dump({"version": 1, "state": "stopped", "createdNs": 5, "finishedNs": 9}, file)
        self.left = self.base + "/state/containers/left"

    def prune(self, *args, stdin=None):
        result = cvctl("system", "prune", *args, stdin=stdin, env=self.env)
        return result.returncode, result.stdout, result.stderr

    def ours(self, text):
        """Other tests' leftovers may be found too: groups have no folder of ours."""
        return [o for o in map(json.loads, text.splitlines()) if o["id"] == "left"]

    def test_dry_run_then_prune_then_nothing(self):
        code, out, err = self.prune("--dry-run", "--format", "json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.ours(out), [{"id": "left", "kind": "folder", "object": self.left, "removed": False, "error": ""}])
        self.assertTrue(os.path.exists(self.left))
        code, out, err = self.prune("--format=json")
        self.assertEqual([o["removed"] for o in self.ours(out)], [True])
        self.assertFalse(os.path.exists(self.left))
        self.assertEqual(self.ours(self.prune("--format=json")[1]), [])
        self.assertTrue(os.path.exists(self.base + "/state/containers/kept/state.json"))

    def test_text(self):
        code, out, _ = self.prune()
        self.assertEqual(code, 0)
        self.assertIn("removed   folder  " + self.left, out)

    def test_doctor_repairs(self):
        result = cvctl("doctor", "--repair", env=self.env)
        self.assertIn("removed   folder  " + self.left, result.stdout)
        self.assertFalse(os.path.exists(self.left))
        result = cvctl("doctor", "--repair", "--format", "json", env=self.env)
        self.assertEqual(result.returncode, 125)

    def test_stopped_containers_go_when_agreed(self):
        made = subprocess.run(command("-d", "--name", "box", "--", "/bin/true"), env=self.env, capture_output=True, text=True,
                              timeout=DEADLINE)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(cvctl("wait", "box", env=self.env).returncode, 0)
        record = self.base + "/state/containers/box/state.json"
        self.prune()
        self.assertTrue(os.path.exists(record))
        code, _, err = self.prune("--containers", stdin="n\n")
        self.assertEqual(code, 1)
        self.assertIn("[y/N]", err)
        self.assertTrue(os.path.exists(record))
        code, out, _ = self.prune("--containers", "--dry-run")
        self.assertIn("found     stopped box", out)
        self.assertTrue(os.path.exists(record))
        shutil.rmtree(self.base + "/state/containers/kept")
        code, out, err = self.prune("--containers", "--force")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("removed   stopped box", out)
        self.assertFalse(os.path.exists(record))

    def test_usage(self):
        for args in ([], ["prune", "x"], ["clean"]):
            result = cvctl("system", *args, env=self.env)
            self.assertEqual(result.returncode, 125)
            self.assertIn("prune", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
