"""Configurations that are wrong: a clear error, nothing made, nothing left."""
from bundles import *

EVERY = 1 if os.environ.get("CV_CASES_ALL") else 11  # of the generated ones


def document():
    """Every field of the specification, and none that is ours alone."""
    with open(os.environ["OCI_DOCUMENT"]) as file:
        text = json.load(file)
    del text["org.containerv"]
    text["linux"]["cgroupsPath"] = f"/{GROUP}/case"
    return text


def cases():
    """(field, value, is refused, may have a line and column instead of the field, document)"""
    path = write(f"{PLACE}/document.json", json.dumps(document()))
    parts = subprocess.run([os.environ["OCI_CASES"], path, str(EVERY)], stdout=subprocess.PIPE, check=True).stdout.split(b"\0")
    for at in range(0, len(parts) - 1, 4):
        field, value, how = (part.decode(errors="replace") for part in parts[at:at + 3])
        yield field, value, "refused" in how, "lexical" in how, parts[at + 3]


class Generated(BundleCase):
    def test_each_field(self):
        count = 0
        for field, value, refused, lexical, text in cases():
            if not refused or field == "root.path" and value.startswith('"'):  # it may be relative to the bundle
                continue
            count += 1
            with self.subTest(field=field, value=value):
                self.put(text)
                code, output = self.create()
                self.assertNotEqual(code, 0)
                self.assertTrue(field in output or lexical and "line " in output, output)
                self.assertLess(len(output), 4096)
        self.assertGreater(count, 300)
        self.assert_nothing_left()


def with_linux(**changes):
    return config(**{f"linux__{key}": value for key, value in changes.items()})


def with_process(**changes):
    return config(**{f"process__{key}": value for key, value in changes.items()})


def with_mount(**mount):
    return config(mounts=config()["mounts"] + [mount])


def with_namespace(**namespace):
    return with_linux(namespaces=[one for one in config()["linux"]["namespaces"] if one["type"] != namespace["type"]] + [namespace])


ONE_ID = [{"containerID": 0, "hostID": 600000000, "size": 1}]

# what is right by itself and can't be had here, or contradicts something else; and a word of the error
REFUSED = {
    "no root folder": (config(root={"path": "/no/such/root"}), "/no/such/root"),
    "a root that is a file": (config(root={"path": "/etc/passwd"}), "/etc/passwd"),
    "no root": (config(root=None), "root"),
    "no process": (config(process=None), "process"),
    "no arguments": (with_process(args=[]), "process.args"),
    "no such program": (with_process(args=["/no/such/program"]), "/no/such/program"),
    "a program that is none": (with_process(args=["/etc/passwd"]), "permission denied"),
    "no such program in PATH": (with_process(args=["nosuch"]), "executable file not found in $PATH"),
    "a working folder that is relative": (with_process(cwd="tmp"), "process.cwd"),
    "a limit above its limit": (with_process(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 2, "hard": 1}]), "process.rlimits[0]"),
    "a limit twice": (with_process(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1}] * 2), "process.rlimits[1]"),
    "an unknown limit": (with_process(rlimits=[{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]), "process.rlimits[0].type"),
    "more descriptors than the kernel has": (with_process(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 1 << 40, "hard": 1 << 40}]), "RLIMIT_NOFILE"),
    "an oom score that is none": (with_process(oomScoreAdj=1001), "oomScoreAdj"),
    "a user beyond all": (with_process(user={"uid": 1 << 32, "gid": 0}), "process.user.uid"),
    "a scheduler that has no priority": (with_process(scheduler={"policy": "SCHED_FIFO"}), "process.scheduler"),
    "an AppArmor profile": (with_process(apparmorProfile="none-such"), "apparmor"),
    "a SELinux label": (with_process(selinuxLabel="system_u:system_r:none_t:s0"), "selinux"),
    "no source of a mount": (with_mount(destination="/log", type="bind", source="/no/such/source", options=["bind"]), "/no/such/source"),
    "a mount without a type": (with_mount(destination="/log"), "mounts[2]"),
    "a mount of a type that is none": (with_mount(destination="/log", type="nosuchfs", source="none"), "nosuchfs"),
    "an option that is none": (with_mount(destination="/log", type="tmpfs", source="tmpfs", options=["size=much"]), "size"),
    "ids of a mount that overlap": (with_mount(destination="/log", type="bind", source="/run", options=["bind"], uidMappings=ONE_ID * 2,
                                               gidMappings=ONE_ID), "mounts[2].uidMappings[1]"),
    "a namespace twice": (with_linux(namespaces=[{"type": "pid"}, {"type": "pid"}]), "linux.namespaces[1]"),
    "no such namespace": (with_namespace(type="network", path="/no/such/namespace"), "/no/such/namespace"),
    "a namespace that is a file": (with_namespace(type="network", path="/etc/passwd"), "/etc/passwd"),
    "a namespace of another kind": (with_namespace(type="network", path="/proc/self/ns/uts"), "/proc/self/ns/uts"),
    "ids without a user namespace": (with_linux(uidMappings=ONE_ID, gidMappings=ONE_ID), "linux.uidMappings"),
    "a sysctl of the host": (with_linux(sysctl={"kernel.panic": "1"}), "kernel.panic"),
    "no such sysctl": (with_linux(sysctl={"net.nosuch": "1"}), "net.nosuch"),
    "a sysctl without its namespace": (config(linux__namespaces=[{"type": "mount"}, {"type": "pid"}],
                                              linux__sysctl={"net.ipv4.ip_forward": "1"}), "net.ipv4.ip_forward"),
    "a host name without a namespace": (config(hostname="a", linux__namespaces=[{"type": "mount"}, {"type": "pid"}]), "hostname"),
    "a host name that is too long": (config(hostname="a" * 65), "hostname"),
    "clocks without their namespace": (with_linux(timeOffsets={"boottime": {"secs": 1}}), "linux.timeOffsets"),
    "a device that is none": (with_linux(devices=[{"type": "x", "path": "/dev/x", "major": 1, "minor": 1}]), "linux.devices[0].type"),
    "a device of the network that is none": (with_linux(netDevices={"nosuch0": {}}), "nosuch0"),
    "a filter that is none": (with_linux(seccomp={"defaultAction": "SCMP_ACT_NONE"}), "linux.seccomp.defaultAction"),
    "propagation that is none": (with_linux(rootfsPropagation="some"), "linux.rootfsPropagation"),
    "a memory limit below zero": (with_linux(resources={"memory": {"limit": -2}}), "linux.resources.memory.limit"),
    "processors that are not there": (with_linux(resources={"cpu": {"cpus": "4000-4001"}}), "4000-4001"),
    "a file of the cgroup that is none": (with_linux(resources={"unified": {"nosuch.max": "1"}}), "nosuch.max"),
    "resctrl": (with_linux(intelRdt={"closID": "a"}), "intelRdt"),
    "a personality that is none": (with_linux(personality={"domain": "LINUX64"}), "linux.personality.domain"),
    "our own extension": (config(**{"org.containerv": {"hold": True}}), "org.containerv"),
}


class ByHand(BundleCase):
    def test_each(self):
        for name, (text, word) in REFUSED.items():
            with self.subTest(name):
                code, output = self.create(json.loads(json.dumps(text)))
                self.runtime("delete", "--force", self.name)  # or all others find it
                self.assertNotEqual(code, 0)
                self.assertIn(word.lower(), output.lower())
                self.assert_nothing_left()

    def test_no_json(self):
        for text in ("", "{", "[]", "null", "{}", "\0", "x" * (17 << 20)):
            with self.subTest(text[:10]):
                self.put(text)
                self.assertNotEqual(self.runtime("create", "--bundle", self.bundle, self.name).returncode, 0)
                self.assert_nothing_left()

    def test_no_file(self):
        self.assert_ends(self.runtime("create", "--bundle", self.bundle, self.name), 1, "config.json")


if __name__ == "__main__":
    main()
