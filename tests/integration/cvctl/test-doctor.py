"""cvctl doctor: the same findings as text and as JSON, and an exit code that tells whether run can work."""
import tempfile

from support import *


def doctor(*args, **env):
    return subprocess.run([CVCTL, "doctor", *args], capture_output=True, text=True, env=dict(os.environ, **env), timeout=60)


class Doctor(unittest.TestCase):
    def test_findings(self):
        result = doctor("--format", "json")
        report = json.loads(result.stdout)
        failed = [c["check"] for c in report["checks"] if c["result"] == "fail"]
        self.assertEqual(report["usable"], not failed)
        self.assertEqual(result.returncode, 1 if failed else 0)
        self.assertEqual(result.stderr, "")
        for check in report["checks"]:
            self.assertIn(check["result"], ("ok", "warn", "fail"))
            self.assertTrue(check["text"], check)
            self.assertTrue(check["result"] == "ok" or check["fix"], check)  # every complaint has a remedy
        text = doctor().stdout
        for check in report["checks"]:
            self.assertIn(check["check"], text)

    def test_this_host_can_run(self):
        """The other tests here have shown that it does: nothing may be said to fail."""
        report = json.loads(doctor("--format=json").stdout)
        self.assertEqual([c for c in report["checks"] if c["result"] == "fail"], [])

    def test_a_state_folder_that_can_not_be(self):
        with tempfile.NamedTemporaryFile() as file:
            result = doctor("--format=json", CONTAINERV_STATE_DIR=file.name + "/below")
        found = {c["check"]: c for c in json.loads(result.stdout)["checks"]}
        self.assertEqual(found["folders"]["result"], "fail")
        self.assertIn(file.name, found["folders"]["text"])
        self.assertTrue(found["folders"]["fix"])
        self.assertEqual(result.returncode, 1)

    def test_a_host_without_tools(self):
        result = doctor("--format=json", PATH="/nonexistent")
        found = {c["check"]: c for c in json.loads(result.stdout)["checks"]}
        self.assertEqual(found["root makers"]["result"], "warn")
        self.assertIn("mmdebstrap", found["root makers"]["fix"])

    def test_mistakes(self):
        for args in (["x"], ["--format", "yaml"]):
            self.assertEqual(doctor(*args).returncode, 125)

    def test_version(self):
        result = subprocess.run([CVCTL, "version", "--format", "json"], capture_output=True, text=True)
        version = json.loads(result.stdout)
        self.assertEqual(version["cvctl"], version["libcontainerv"])
        self.assertTrue(version["backends"])


if __name__ == "__main__":
    main()
