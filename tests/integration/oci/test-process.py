"""What cvrun makes of config.json's process object: the kernel's own words about it, for the first process and for those that join."""
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

RUNTIME = os.environ["OCI_RUNTIME"]
ROOTFS = os.environ["OCI_ROOTFS"]
GROUP = os.environ["OCI_GROUP"]
DEADLINE = 30  # seconds; nothing here takes a tenth of it
NOTIFY_RECEIVE, NOTIFY_SEND = 0xC0502100, 0xC0182101  # ioctls of seccomp's descriptor
EXDEV = 18
SCHEDULE = "cut -d' ' -f19,40,41 /proc/self/stat"  # nice, real-time priority, policy


class Agent(threading.Thread):
    """Answers one call of the container with EXDEV."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen(1)
        self.socket.settimeout(DEADLINE)
        self.told = None
        self.start()

    def run(self):
        peer, _ = self.socket.accept()
        with peer:
            text, descriptors, _, _ = socket.recv_fds(peer, 65536, 4)
            while more := peer.recv(65536):
                text += more
        self.told = json.loads(text)
        request = bytearray(80)
        fcntl.ioctl(descriptors[0], NOTIFY_RECEIVE, request)
        (call,) = struct.unpack_from("Q", request)
        fcntl.ioctl(descriptors[0], NOTIFY_SEND, bytearray(struct.pack("QqiI", call, 0, -EXDEV, 0)))
        os.close(descriptors[0])

    def end(self):
        self.join(DEADLINE)
        self.socket.close()
        return self.told


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/run/test")
        self.addCleanup(self.clean)

    def clean(self):
        self.call("delete", "--force", "c")
        shutil.rmtree(self.folder)

    def call(self, *args):
        command = [RUNTIME, "--root", os.path.join(self.folder, "root"), *args]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False)

    def right(self, *args):
        result = self.call(*args)
        self.assertEqual((result.returncode, result.stderr), (0, ""), args)
        return result.stdout

    def bundle(self, script, change=None):
        path = os.path.join(self.folder, "config.json")
        if os.path.exists(path):
            os.remove(path)
        subprocess.run([RUNTIME, "spec", "-b", self.folder], check=True)
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"].update(args=["sh", "-c", script], terminal=False)
        del config["process"]["rlimits"]
        config["root"].update(path=ROOTFS, readonly=True)
        config["linux"].update(cgroupsPath=f"/{GROUP}/{os.path.basename(self.folder)}", maskedPaths=[])
        if change is not None:
            change(config)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def run_it(self, script, *options, **process):
        self.bundle(script, lambda c: c["process"].update(process))
        return self.right("run", "-b", self.folder, *options, "c")

    def start(self, script="sleep 1000", change=None, options=()):
        self.bundle(script, change)
        command = [RUNTIME, "--root", os.path.join(self.folder, "root"), "run", "-d", "-b", self.folder, *options, "c"]
        null = subprocess.DEVNULL
        self.assertEqual(subprocess.run(command, stdin=null, stdout=null, stderr=null, timeout=DEADLINE, check=False).returncode, 0)

    def exec_it(self, script, **process):
        path = os.path.join(self.folder, "process.json")
        document = {"cwd": "/", "user": {"uid": 0, "gid": 0}, "args": ["sh", "-c", script], "env": ["PATH=/bin"], **process}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return self.call("exec", "-p", path, "c")

    def refused(self, phrase, change):
        self.bundle("true", change)
        result = self.call("run", "-b", self.folder, "c")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(phrase, result.stderr)
        self.assertNotEqual(self.call("state", "c").returncode, 0)


class First(Case):
    def test_scheduling(self):
        said = self.run_it(
            f"{SCHEDULE}; ionice -p $$; true",
            scheduler={"policy": "SCHED_BATCH", "nice": -7},
            ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6},
        )
        self.assertEqual(said, "-7 0 3\nbest-effort: prio 6\n")

    def test_the_rest(self):
        self.bundle(
            "umask; cat /proc/self/oom_score_adj /proc/self/personality; ulimit -n; id -G",
            lambda c: (
                c["process"].update(
                    oomScoreAdj=77,
                    user={"uid": 5, "gid": 6, "umask": 0o27, "additionalGids": [8, 9]},
                    rlimits=[{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}],
                ),
                c["linux"].update(personality={"domain": "LINUX32"}),
            ),
        )
        self.assertEqual(self.right("run", "-b", self.folder, "c"), "0027\n77\n00000008\n50\n6 8 9\n")

    def test_what_this_host_can_not(self):
        for name, fields in (
            ("process.apparmorProfile", {"apparmorProfile": "some"}),
            ("process.selinuxLabel", {"selinuxLabel": "system_u:system_r:container_t:s0"}),
            ("CAP_", {"capabilities": {"bounding": ["CAP_NOTHING"]}}),
        ):
            with open("/proc/self/attr/current", "rb") as file:
                try:
                    file.read()
                    self.skipTest("this host has a security module with labels")
                except OSError:
                    pass
            self.refused(name, lambda c, fields=fields: c["process"].update(fields))
        self.refused("linux.intelRdt", lambda c: c["linux"].update(intelRdt={"closID": "some"}))
        self.assertEqual(self.run_it("echo runs", apparmorProfile="", selinuxLabel=""), "runs\n")

    def test_session_keyring(self):
        self.bundle("cat /proc/keys")
        words = "run", "-b", self.folder
        self.assertIn(" 3f1b0000 ", next(line for line in self.right(*words, "keys").splitlines() if "_ses.keys:" in line))
        # of another name: the kernel takes a keyring away some time after its last process
        self.assertNotIn("_ses.no-keys:", self.right(*words, "--no-new-keyring", "no-keys"))


class Joined(Case):
    def test_its_own_scheduling(self):
        self.start(change=lambda c: c["linux"].update(personality={"domain": "LINUX32"}))
        result = self.exec_it(
            f"{SCHEDULE}; ionice -p $$; cat /proc/self/personality",
            scheduler={"policy": "SCHED_BATCH", "nice": 4},
            ioPriority={"class": "IOPRIO_CLASS_IDLE"},
        )
        self.assertEqual((result.stdout, result.stderr), ("4 0 3\nidle\n00000008\n", ""))

    def test_cpus(self):
        cpus = "grep Cpus_allowed_list /proc/self/status"
        self.start()
        result = self.exec_it(cpus, execCPUAffinity={"initial": "0", "final": "0"})
        self.assertEqual((result.stdout, result.stderr), ("Cpus_allowed_list:\t0\n", ""))
        result = self.exec_it(cpus, execCPUAffinity={"final": "5000"})
        self.assertIn("process.execCPUAffinity.final", result.stderr)

    def test_the_same_keyring(self):
        self.start("grep _ses.c: /proc/keys >/tmp/ring; sleep 1000", lambda c: c["mounts"].append({"destination": "/tmp", "type": "tmpfs"}))
        first, second = "", ""
        for _ in range(1000):
            if first := self.exec_it("cat /tmp/ring").stdout:
                break
        second = self.exec_it("grep _ses.c: /proc/keys").stdout
        self.assertEqual(first.split()[:1], second.split()[:1])
        self.assertNotEqual(first, "")


class Agents(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "agent")

    def seccomp(self, config):
        rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}
        config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": self.path,
            "listenerMetadata": "for you",
            "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"],
            "syscalls": [rule],
        }

    def check(self, told, status):
        self.assertEqual((told["fds"], told["metadata"], told["state"]["status"]), (["seccompFd"], "for you", status))
        self.assertEqual((told["state"]["id"], told["ociVersion"]), ("c", told["state"]["ociVersion"]))
        return told["pid"], told["state"]["pid"]

    def test_of_the_first_process(self):
        for privileges in True, False:
            agent = Agent(self.path)
            self.bundle("mkdir /dev/x", lambda c, new=privileges: (self.seccomp(c), c["process"].update(noNewPrivileges=new)))
            result = self.call("run", "-b", self.folder, "c")
            told = agent.end()
            os.remove(self.path)
            self.assertEqual((result.returncode, result.stderr), (1, "mkdir: can't create directory '/dev/x': Invalid cross-device link\n"))
            self.assertEqual(*self.check(told, "created"))

    def test_of_one_that_joins(self):
        agent = Agent(self.path)
        self.start("mkdir /dev/x; sleep 1000", self.seccomp)
        agent.end()
        os.remove(self.path)
        agent = Agent(self.path)
        result = self.exec_it("mkdir /dev/y")
        pid, first = self.check(agent.end(), "running")
        self.assertEqual((result.returncode, result.stderr), (1, "mkdir: can't create directory '/dev/y': Invalid cross-device link\n"))
        self.assertEqual(first, json.loads(self.right("state", "c"))["pid"])
        self.assertNotEqual(pid, first)

    def test_nobody_there(self):
        self.refused("linux.seccomp.listenerPath", self.seccomp)

    def test_its_own_way(self):
        """The call by which the descriptor is given away can't ask."""

        def change(config):
            self.seccomp(config)
            config["linux"]["seccomp"]["syscalls"][0]["names"] = ["sendmsg"]

        self.refused("sendmsg", change)


if __name__ == "__main__":
    unittest.main(verbosity=2)
