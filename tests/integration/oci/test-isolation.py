"""What cvrun's containers are made of: given namespaces, ids of plain users, and the runtime's own program, which is out of their reach."""
import glob
import json
import os
import pwd
import shutil
import subprocess
import time
import unittest

from cvrun import GROUP, RUNTIME, ROOTFS, DEADLINE, NULL, Case

KINDS = {"network": "net", "ipc": "ipc", "uts": "uts", "pid": "pid", "user": "user", "cgroup": "cgroup"}
EVERYTHING = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_CHROOT"]


def lines_of(text):
    return [line.split() for line in text.splitlines()]


def namespace(config, kind, path=None):
    """Add or change one of the container's."""
    others = [entry for entry in config["linux"]["namespaces"] if entry["type"] != kind]
    config["linux"]["namespaces"] = others + [{"type": kind, **({"path": path} if path else {})}]


def map_ids(config, *maps):
    names = ("containerID", "hostID", "size")
    namespace(config, "user")
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [dict(zip(names, entry)) for entry in maps]


class GivenNamespaces(Case):
    def inside(self, container, kind):
        return self.right("exec", container, "readlink", f"/proc/self/ns/{KINDS[kind]}").strip()

    def share(self, kinds, first, change=None):
        """A second container in namespaces of the first."""
        pid = self.state(first)["pid"]

        def both(config):
            config["linux"]["cgroupsPath"] += "-" + "-".join(kinds)  # no two containers have one
            for kind in kinds:
                namespace(config, kind, f"/proc/{pid}/ns/{KINDS[kind]}")
            if change is not None:
                change(config)
        return both

    def test_all_kinds_together(self):
        kinds = ["network", "ipc", "uts", "pid"]
        self.start("sleep", "1000", container="a")
        self.start("sleep", "1000", container="b", change=self.share(kinds, "a"))
        for kind in kinds:
            self.assertEqual(self.inside("a", kind), self.inside("b", kind), kind)
        self.assertEqual(self.right("exec", "b", "cat", "/proc/1/cmdline"), "sleep\x001000\x00")
        self.right("delete", "--force", "b")  # is not the first process there: with it goes its own process only
        self.assertEqual(self.state("a")["status"], "running")

    def test_each_kind_alone(self):
        self.start("sleep", "1000", container="a")
        for kind in "network", "ipc", "uts", "pid":
            self.start("sleep", "1000", container=kind, change=self.share([kind], "a"))
            for other in "network", "ipc", "uts", "pid":
                same = self.inside("a", other) == self.inside(kind, other)
                self.assertEqual(same, other == kind, (kind, other))

    def test_user_namespace(self):
        self.start("sleep", "1000", container="a", change=lambda config: map_ids(config, (0, 600000000, 65536)))
        self.start("sleep", "1000", container="b", change=self.share(["user", "network"], "a"))
        self.assertEqual(lines_of(self.right("exec", "b", "cat", "/proc/self/uid_map")), [["0", "600000000", "65536"]])
        for kind in "user", "network":
            self.assertEqual(self.inside("a", kind), self.inside("b", kind))

    def test_new_user_namespace_beside_a_given_one(self):
        def change(config):
            map_ids(config, (0, 600000000, 65536))
            for mount in config["mounts"]:
                if mount["type"] == "sysfs":  # shows the network, whose namespace is not the new one's
                    mount.update(type="bind", source="/sys", options=["rbind", "ro", "nosuid", "noexec", "nodev"])
        self.start("sleep", "1000", container="a")
        self.start("sleep", "1000", container="b", change=self.share(["network"], "a", change))
        self.assertEqual(self.inside("a", "network"), self.inside("b", "network"))
        self.assertNotEqual(self.inside("a", "user"), self.inside("b", "user"))

    def test_wrong_paths(self):
        for path, phrase in (("/proc/self/ns/uts", "join the given namespace"), ("/etc/passwd", "join the given namespace"),
                             ("/nowhere", "open the given namespace"), ("/run", "join the given namespace")):
            bundle = self.bundle("true", change=lambda config, path=path: namespace(config, "network", path))
            self.fails(1, phrase, "run", "-b", bundle, "c")
            self.assertEqual(self.left(), [])

    def test_mount_namespace_is_refused(self):
        bundle = self.bundle("true", change=lambda config: namespace(config, "mount", "/proc/self/ns/mnt"))
        self.fails(1, "mount namespace", "run", "-b", bundle, "c")

    def test_without_a_pid_namespace(self):
        def change(config):
            config["linux"]["namespaces"] = [entry for entry in config["linux"]["namespaces"] if entry["type"] != "pid"]
        self.start("sh", "-c", "sleep 1000 & sleep 1000", container="a", change=change)
        end = time.monotonic() + DEADLINE
        while len(pids := json.loads(self.right("ps", "--format", "json", "a"))) < 2:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.right("kill", "a", "KILL")
        self.right("delete", "--force", "a")
        for pid in pids:  # those that its first process left, too
            self.assertFalse(os.path.exists(f"/proc/{pid}/root/bin"), pid)


class OwnProgram(Case):
    """PID 1 is a fork of the runtime, and "/proc/self/exe" in a container is the runtime's file (CVE-2019-5736)."""

    def setUp(self):
        super().setUp()
        self.runtime = shutil.copy(RUNTIME, self.folder)  # if it were written to, it would be a copy
        with open(self.runtime, "rb") as file:
            self.content = file.read()

    @unittest.skipIf(os.environ.get("OCI_SANITIZED"), "with a sanitizer it needs libraries that the container lacks")
    def test_nobody_inside_writes_to_it(self):
        def change(config):
            config["process"]["capabilities"] = {kind: EVERYTHING for kind in ("bounding", "permitted", "effective")}
        self.start("sleep", "1000", container="c", change=change)
        self.right("exec", "c", "mkfifo", "/dev/shm/log")  # nobody reads it: whoever opens it waits
        words = self.command("exec", "c", "/proc/self/exe", "--log", "/dev/shm/log", "state", "x")
        with subprocess.Popen(words, stdin=NULL, stdout=NULL, stderr=NULL) as held:
            end = time.monotonic() + DEADLINE
            while not (found := self.find()):
                self.assertLess(time.monotonic(), end, "the runtime does not run in the container")
                time.sleep(0.02)
            script = f"""
                exec 3</proc/{found.split()[0].decode()}/exe || exit 9
                (echo bad >/proc/{found.split()[0].decode()}/exe) 2>&1
                kill -9 {found.split()[0].decode()}
                while [ -d /proc/{found.split()[0].decode()}/fd ]; do sleep 0.05; done
                (echo bad >/proc/self/fd/3) 2>&1
                true"""
            said = self.call("exec", "c", "sh", "-c", script)
            held.wait(DEADLINE)
        self.assertEqual(said.returncode, 0, said)
        self.assertEqual(sum(said.stdout.count(reason) for reason in ("Read-only file system", "Text file busy")), 2, said)
        with open(self.runtime, "rb") as file:
            self.assertEqual(file.read(), self.content)

    def find(self):
        """The number, inside, of the process that is the runtime, and its words."""
        script = 'for p in /proc/[0-9]*; do echo "${p#/proc/} $(tr "\\0" " " <$p/cmdline)"; done 2>/dev/null'
        text = self.right("exec", "c", "sh", "-c", script)
        return next((line.encode() for line in text.splitlines() if "--log /dev/shm/log" in line), b"")


class Cgroups(Case):
    def test_a_group_below_no_other(self):
        path = f"/{GROUP}-alone"
        bundle = self.bundle("cat", "/proc/self/cgroup", change=lambda config: config["linux"].update(cgroupsPath=path))
        for _ in range(2):  # what the first leaves would be in the second's way
            self.right("run", "-b", bundle, "c")
            self.assertEqual(glob.glob(f"/sys/fs/cgroup{path}") + glob.glob(f"/sys/fs/cgroup/*{path}"), [])


class Waiting(Case):
    def test_it_waits_with_the_rights_of_its_program(self):
        """Who may trace it, as in a pod's PID namespace, must not get more by that."""
        own = ["CAP_KILL", "CAP_SYS_PTRACE"]

        def change(config):
            config["process"].update(user={"uid": 1000, "gid": 1000}, noNewPrivileges=True,
                                     capabilities={kind: own for kind in ("bounding", "permitted", "effective", "inheritable", "ambient")})
        self.create("sleep", "1000", change=change)
        rights = []
        for _ in range(2):
            with open(f"/proc/{self.state()['pid']}/status", encoding="utf-8") as file:
                rights.append([line for line in lines_of(file.read()) if line[0].startswith(("Uid", "Gid", "Groups", "Cap", "NoNew"))])
            self.call("start", "c")
        self.assertEqual(rights[0], rights[1])
        self.assertIn(["CapBnd:", f"{1 << 5 | 1 << 19:016x}"], rights[0])

    def test_it_does_not_show_its_callers_environment(self):
        os.environ["CALLERS_OWN"] = "secret"
        self.addCleanup(os.environ.pop, "CALLERS_OWN")
        self.create("sleep", "1000")
        with open(f"/proc/{self.state()['pid']}/environ", "rb") as file:
            self.assertEqual(file.read().strip(b"\0"), b"")


class OddRoots(Case):
    def test_a_link_in_place_of_the_console(self):
        """The terminal would be mounted on what it leads to, such as files by which we set a program's label."""
        dev = os.path.join(self.folder, "dev")
        os.makedirs(os.path.join(dev, "pts"))
        os.symlink("/proc/self/attr/exec", os.path.join(dev, "console"))

        def change(config):
            config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] in ("/proc", "/dev", "/dev/pts")]
            config["mounts"][1] = {"destination": "/dev", "type": "bind", "source": dev, "options": ["rbind"]}
        bundle = self.bundle("true", terminal=True, change=change)
        self.fails(1, "'/dev/console'", "run", "-b", bundle, "c")
        self.assertEqual(self.left(), [])


class Strangers(Case):
    """Whoever writes into a container's folder says what is run, signalled and removed."""

    def setUp(self):
        super().setUp()
        self.start("sleep", "1000")
        self.trace = os.path.join(self.folder, "trace")
        path = os.path.join(self.root, "c", "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["hooks"] = {"poststop": [{"path": "/bin/sh", "args": ["sh", "-c", f"touch {self.trace}"]}]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def change(self, path, uid, mode):
        os.chown(path, uid, -1)
        os.chmod(path, mode)

    def test_a_folder_of_somebody_else(self):
        folder = os.path.join(self.root, "c")
        for uid, mode in (65534, 0o700), (0, 0o777), (0, 0o770):
            self.change(folder, uid, mode)
            for words in ("kill", "c", "KILL"), ("delete", "--force", "c"), ("exec", "c", "true"), ("state", "c"):
                self.fails(255 if words[0] == "exec" else 1, "is not the caller's", *words)
        self.change(folder, 0, 0o700)
        self.assertEqual(self.state()["status"], "running")
        self.assertFalse(os.path.exists(self.trace))

    def test_a_root_of_somebody_else(self):
        bundle = self.bundle("true")
        for uid, mode in (65534, 0o755), (0, 0o777):
            self.change(self.root, uid, mode)
            self.fails(1, "is another user's, or all may write to it", "run", "-b", bundle, "d")
        self.change(self.root, 0, 0o1777)  # as /tmp: nobody can exchange what is ours
        self.right("delete", "--force", "c")
        self.right("run", "-b", bundle, "d")


class PlainUser(Case):
    """By a user of the machine, with a copy of the runtime, as the folders above it may be closed to him."""
    user = "tester"
    words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]

    def setUp(self):
        super().setUp()
        self.runtime = shutil.copy(RUNTIME, self.folder)
        self.give()
        os.chmod(self.folder, 0o755)

    def give(self):
        for folder, _, files in os.walk(self.folder):
            for name in [folder] + [os.path.join(folder, file) for file in files]:
                shutil.chown(name, self.user, self.user)

    def command(self, *args):
        return [*self.words, self.runtime, "--root", self.root, *args]

    def maps(self):
        return [(0, pwd.getpwnam(self.user).pw_uid, 1), (1, 700000000, 65536)]

    def bundle(self, *argv, change=None, **more):
        def rootless(config):
            map_ids(config, *self.maps())
            del config["linux"]["cgroupsPath"]
            for mount in config["mounts"]:
                mount["options"] = [option for option in mount.get("options", []) if option != "gid=5" or len(self.maps()) > 1]
            if change is not None:
                change(config)
        folder = super().bundle(*argv, change=rootless, **more)
        self.give()
        return folder

    def test_ids(self):
        said = self.right("run", "-b", self.bundle("sh", "-c", "id -u; cat /proc/self/uid_map /proc/self/gid_map"), "c")
        expected = [[str(number) for number in entry] for entry in self.maps()]
        self.assertEqual(lines_of(said), [["0"]] + expected + expected)

    def test_life(self):
        self.create("sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done")
        self.assertEqual(self.state()["status"], "created")
        self.right("start", "c")
        self.assertEqual(self.right("exec", "c", "sh", "-c", "id -u; hostname"), "0\ncvrun\n")
        self.assertEqual(self.call("exec", "c", "sh", "-c", "exit 5").returncode, 5)
        self.right("kill", "c", "TERM")
        self.await_status("stopped")
        self.right("delete", "c")
        self.assertEqual(self.left(), [])

    def test_files_are_his(self):
        def change(config):
            config["mounts"].append({"destination": "/tmp", "type": "bind", "source": self.folder, "options": ["rbind"]})
        self.right("run", "-b", self.bundle("touch", "/tmp/made", change=change), "c")
        self.assertEqual(os.stat(os.path.join(self.folder, "made")).st_uid, pwd.getpwnam(self.user).pw_uid)

    def test_ids_of_others(self):
        bundle = self.bundle("true", change=lambda config: map_ids(config, (0, 0, 1)))
        self.fails(1, "id map", "run", "-b", bundle, "c")
        self.assertEqual(self.left(), [])

    def test_without_a_user_namespace(self):
        def change(config):
            config["linux"]["namespaces"] = [entry for entry in config["linux"]["namespaces"] if entry["type"] != "user"]
            del config["linux"]["uidMappings"], config["linux"]["gidMappings"]
        self.fails(1, "user namespace", "run", "-b", self.bundle("true", change=change), "c")
        self.assertEqual(self.left(), [])

    def test_a_limit_is_refused(self):
        def change(config):
            config["linux"].setdefault("resources", {})["pids"] = {"limit": 10}
        self.fails(1, "the limit of processes", "run", "-b", self.bundle("true", change=change), "c")
        self.assertEqual(self.left(), [])


class PlainUserWithOneId(PlainUser):
    user = "single"
    words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]

    def maps(self):
        return [(0, pwd.getpwnam(self.user).pw_uid, 1)]


class InAUserNamespace(PlainUser):
    """As podman without root calls it: root of a namespace around, in which ids from 0 on mean something."""
    words = [*PlainUser.words, "unshare", "--user", "--map-root-user", "--mount"]

    def maps(self):
        return [(0, 0, 1)]

    def test_ids(self):
        self.assertEqual(self.right("run", "-b", self.bundle("id", "-u"), "c"), "0\n")

    test_life = None  # each call would be in another namespace
    test_ids_of_others = None
    test_without_a_user_namespace = None


if __name__ == "__main__":
    unittest.main()
