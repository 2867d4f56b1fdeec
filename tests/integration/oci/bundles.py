"""Bundles, and a runtime called by hand: create, start, state, delete."""
import copy
import json
import shutil

from callers import *

OURS = os.path.basename(RUNTIME) not in ("runc", "crun")  # what others do otherwise isn't asked of them
STATES = f"{PLACE}/states"

CONFIG = {
    "ociVersion": "1.0.2",
    "root": {"path": f"{PLACE}/rootfs"},
    "process": {"args": ["/bin/sh", "-c", "exit 0"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
                "capabilities": {name: ["CAP_CHOWN", "CAP_KILL"] for name in ("bounding", "effective", "permitted")}},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
               {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
    "linux": {"namespaces": [{"type": name} for name in ("pid", "mount", "ipc", "uts", "network")]},
}


def config(**changes):
    """The document with changes: config(process__args=[...]) is process.args, linux_ is linux."""
    document = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *parts, last = path.split("__")
        at = document
        for part in parts:
            at = at.setdefault(part, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return document


def mount_table():
    with open("/proc/self/mountinfo") as file:
        return sorted(" ".join(line.split()[2:]) for line in file)  # the first two numbers are of the mount itself


def groups():
    """Folders of cgroups with the test's name."""
    found = []
    for top in sorted({"/sys/fs/cgroup"} | {f"/sys/fs/cgroup/{name}" for name in os.listdir("/sys/fs/cgroup")}):
        folder = os.path.join(top, GROUP)
        if os.path.isdir(folder):
            found += [path for path, _, _ in os.walk(folder) if path != folder]
    return found


def processes():
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid()))


class BundleCase(Case):
    names = iter(range(100000))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rootfs = f"{PLACE}/rootfs"
        if not os.path.isdir(cls.rootfs):
            shutil.copytree(ROOTFS, cls.rootfs, symlinks=True)
            os.mkdir(f"{cls.rootfs}/log")

    def setUp(self):
        self.before = mount_table(), processes()
        self.name = f"b{next(self.names)}"
        self.bundle = f"{PLACE}/{self.name}"
        os.makedirs(f"{self.bundle}/log")
        self.addCleanup(self.assert_nothing_left)
        self.addCleanup(self.runtime, "delete", "--force", self.name)

    def assert_nothing_left(self):
        self.assertEqual([name for name in os.listdir(STATES) if name[0] != "."] if os.path.isdir(STATES) else [], [])  # and a cache
        self.assertEqual(mount_table(), self.before[0])
        self.assertEqual(groups(), [])
        poll(lambda: processes() == self.before[1], "no process is left", 10)

    def runtime(self, *args, **more):
        return call(RUNTIME, "--root", STATES, *args, **more)

    def put(self, document):
        """A dict, or the text of the document."""
        if isinstance(document, dict):
            document.get("linux", {}).setdefault("cgroupsPath", f"/{GROUP}/{self.name}")
            document = json.dumps(document)
        with open(f"{self.bundle}/config.json", "wb") as file:
            file.write(document if isinstance(document, bytes) else document.encode())

    def create(self, document=None):
        """What it says is in a file: its program has the same output, and may live long."""
        if document is not None:
            self.put(document)
        with open(f"{self.bundle}/output", "w+") as output:
            code = subprocess.run([RUNTIME, "--root", STATES, "create", "--bundle", self.bundle, self.name], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=output, timeout=DEADLINE).returncode
            output.seek(0)
            return code, output.read()

    def state(self):
        result = self.runtime("state", self.name)
        return json.loads(result.stdout) if result.returncode == 0 else {"status": "none", "stderr": result.stderr}

    def log(self, name="log"):
        path = f"{self.bundle}/log/{name}"
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return file.read().splitlines()


__all__ = ["BundleCase", "OURS", "config", "json"] + [name for name in __import__("callers").__all__]
