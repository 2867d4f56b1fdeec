"""Bundles, and cvrun's command line, for its own tests."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import warnings

import jsonschema

RUNTIME = os.environ["OCI_RUNTIME"]
ROOTFS = os.environ["OCI_ROOTFS"]
SCHEMAS = os.environ["OCI_SCHEMAS"]
GROUP = os.environ["OCI_GROUP"]
DEADLINE = 30  # seconds; nothing here takes a tenth of it
NULL = subprocess.DEVNULL


def validate(document, schema):
    """By OCI's own schema; its references are to files beside it."""
    with open(os.path.join(SCHEMAS, schema), encoding="utf-8") as file:
        content = json.load(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of versions newer than Debian's, for what that has not
        resolver = jsonschema.RefResolver(f"file://{SCHEMAS}/{schema}", content)
    jsonschema.Draft4Validator(content, resolver=resolver).validate(document)


def is_running(pid):
    """Whoever is its parent here may not have reaped it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Case(unittest.TestCase):
    runtime = RUNTIME

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/run/test")
        self.root = os.path.join(self.folder, "root")
        self.log = os.path.join(self.folder, "log")
        self.addCleanup(self.clean)

    def clean(self):
        for container in self.call("list", "-q").stdout.split():
            self.call("delete", "--force", container)
        shutil.rmtree(self.folder)

    def command(self, *args):
        return [self.runtime, "--root", self.root, *args]

    def call(self, *args, **more):
        more = {"stdin": NULL, **({} if "input" not in more else {"stdin": None}), **more}
        if more["stdin"] is None:
            del more["stdin"]
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=DEADLINE, check=False, **more)

    def right(self, *args, **more):
        result = self.call(*args, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""), args)
        return result.stdout

    def quiet(self, *args):
        """For those whose container goes on and would hold our pipes."""
        return subprocess.run(self.command(*args), stdin=NULL, stdout=NULL, stderr=NULL, timeout=DEADLINE, check=False).returncode

    def bundle(self, *argv, name="bundle", terminal=False, change=None):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "config.json")
        if os.path.exists(path):
            os.remove(path)
        subprocess.run([RUNTIME, "spec", "-b", folder], check=True)
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"].update(args=list(argv), terminal=terminal)
        del config["process"]["rlimits"]
        config["root"].update(path=ROOTFS, readonly=True)
        config["linux"]["cgroupsPath"] = f"/{GROUP}/{os.path.basename(self.folder)}"
        config["annotations"] = {"some": "thing"}
        if change is not None:
            change(config)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return folder

    def create(self, *argv, container="c", **more):
        self.assertEqual(self.quiet("create", "-b", self.bundle(*argv, **more), container), 0)

    def start(self, *argv, container="c", **more):
        self.create(*argv, container=container, **more)
        self.right("start", container)

    def left(self):
        """Folders of containers; what begins with a dot is nobody's."""
        return [name for name in os.listdir(self.root) if name[0] != "."] if os.path.exists(self.root) else []

    def state(self, container="c"):
        return json.loads(self.right("state", container))

    def await_status(self, status, container="c"):
        end = time.monotonic() + DEADLINE
        while self.state(container)["status"] != status:
            self.assertLess(time.monotonic(), end, f"it is not {status}")
            time.sleep(0.02)

    def fails(self, code, phrase, *args, **more):
        result = self.call(*args, **more)
        self.assertEqual(result.returncode, code, (args, result))
        self.assertIn(phrase, result.stderr)
        self.assertEqual(result.stdout, "")
