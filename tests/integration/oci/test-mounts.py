#!/usr/bin/env python3
"""The root of a container of an OCI runtime: what is mounted, where, how, and which devices there are. By config.json alone."""
import contextlib
import copy
import json
import os
import shutil
import stat
import subprocess
import threading
import unittest

from callers import PLACE, ROOTFS, RUNTIME, call, main

RUNC = os.path.basename(RUNTIME) == "runc"  # the tests' own judge: an old one

BASE = {
    "ociVersion": "1.0.2",
    "process": {"cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}, "args": [],
                "capabilities": {kind: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD", "CAP_SYS_ADMIN"]
                                 for kind in ("bounding", "effective", "permitted")}},
    "root": {"path": "rootfs"},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    ],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")]},
}


class Bundle(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(PLACE, self.id().rsplit(".", 1)[1])
        shutil.rmtree(self.folder, ignore_errors=True)
        self.root = os.path.join(self.folder, "rootfs")
        self.host = os.path.join(self.folder, "host")  # what the container may get to see by mounts alone
        os.makedirs(self.host)
        shutil.copytree(ROOTFS, self.root, symlinks=True)
        self.config = copy.deepcopy(BASE)
        self.runs = 0

    def tearDown(self):
        subprocess.run(["umount", "-R", "-l", self.host], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mount(self, destination, kind, *options, source=None, **more):
        entry = {"destination": destination, "type": kind, "source": source or kind, "options": list(options), **more}
        self.config["mounts"].append(entry)

    def drop(self, *destinations):
        self.config["mounts"] = [entry for entry in self.config["mounts"] if entry["destination"] not in destinations]

    def path(self, *parts, text=None):
        """A path in the host's folder, with a file of this text or a folder."""
        path = os.path.join(self.host, *parts)
        if text is None:
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        return path

    def run_it(self, script, *flags, before=()):
        self.config["process"]["args"] = ["sh", "-c", script]
        with open(os.path.join(self.folder, "config.json"), "w") as file:
            json.dump(self.config, file)
        self.runs += 1
        name = f"{self.id().rsplit('.', 1)[1]}-{self.runs}".replace("_", "-")
        return call(*before, RUNTIME, "--root", os.path.join(PLACE, "state"), "run", *flags, "--bundle", self.folder, name, cwd=self.folder)

    def out(self, script, *flags):
        done = self.run_it(script, *flags)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.rstrip("\n")

    def fails(self, *parts, script="true"):
        done = self.run_it(script)
        self.assertNotEqual(done.returncode, 0)
        for part in parts:
            if not RUNC:
                self.assertIn(part, done.stderr)
        return done.stderr

    def line(self, target, *flags):
        """Its fields in the container's mountinfo: attributes, tags of propagation, type, the filesystem's own options."""
        for line in self.out("cat /proc/self/mountinfo", *flags).splitlines():
            fields, rest = line.split(" - ")
            fields = fields.split(" ")
            if fields[4] == target:
                return set(fields[5].split(",")), " ".join(fields[6:]), rest.split(" ")[0], rest.split(" ")[2].split(",")
        raise AssertionError(f"nothing is mounted on {target}")


class Options(Bundle):
    def test_attributes(self):
        words = ["ro", "nosuid", "nodev", "noexec", "nodiratime", "noatime"]
        for word in words:
            self.mount(f"/t/{word}", "tmpfs", word)
            self.mount(f"/b/{word}", "bind", "bind", word, source=self.path("shown"))
        text = self.out("cat /proc/self/mountinfo")
        for word in words:
            for place in ("t", "b"):
                line = next(line for line in text.splitlines() if f" /{place}/{word} " in line)
                self.assertIn(word, line.split(" ")[5].split(","))

    def test_the_last_word_counts(self):
        self.mount("/a", "tmpfs", "ro", "rw", "noexec", "exec")
        self.mount("/b", "tmpfs", "rw", "ro", "relatime", "noatime")
        self.assertEqual(self.line("/a")[0], {"rw", "relatime"})
        self.assertEqual(self.line("/b")[0], {"ro", "noatime"})

    def test_recursive_attributes(self):
        self.path("tree/below")
        subprocess.run(["mount", "-t", "tmpfs", "below", self.path("tree/below")], check=True)
        self.mount("/all", "bind", "rbind", "rro", "rnosuid", source=self.path("tree"))
        self.mount("/top", "bind", "rbind", "ro", source=self.path("tree"))
        if RUNC:
            self.skipTest("this runc has no recursive attributes")
        self.assertLessEqual({"ro", "nosuid"}, self.line("/all/below")[0])
        self.assertIn("ro", self.line("/all")[0])
        self.assertIn("ro", self.line("/top")[0])
        self.assertIn("rw", self.line("/top/below")[0])

    def test_options_of_filesystems(self):
        self.mount("/t", "tmpfs", "size=64k", "mode=0711", "uid=7", "gid=8", "nr_inodes=9")
        self.mount("/p", "proc", "hidepid=2", "nosuid")
        self.assertEqual(set(self.line("/t")[3]) & {"size=64k", "mode=711", "uid=7", "gid=8", "nr_inodes=9"},
                         {"size=64k", "mode=711", "uid=7", "gid=8", "nr_inodes=9"})
        self.assertIn("hidepid=invisible", self.line("/p")[3])

    def test_an_overlay(self):
        lower, upper, work = (self.path(name) for name in ("lower", "upper", "work"))
        with open(os.path.join(lower, "file"), "w") as file:
            file.write("below")
        self.mount("/o", "overlay", f"lowerdir={lower}", f"upperdir={upper}", f"workdir={work}", source="overlay")
        self.assertEqual(self.out("cat /o/file; echo new >/o/made"), "below")
        self.assertTrue(os.path.exists(os.path.join(upper, "made")))

    def test_unknown_ones_are_the_kernels_to_refuse(self):
        self.mount("/t", "tmpfs", "nonsense=1")
        self.fails("mount 3 on '/t'", "nonsense=1")
        self.config["mounts"].pop()
        self.mount("/t", "nonsensefs")
        self.fails("mount 3 on '/t'", "nonsensefs", "/proc/filesystems")

    @unittest.skipIf(RUNC, "runc 1.1 mounts something")
    def test_remount(self):
        self.mount("/t", "tmpfs")
        self.mount("/t", "none", "remount", "bind", "ro", "nosuid", source="none")
        self.assertLessEqual({"ro", "nosuid"}, self.line("/t")[0])

    @unittest.skipIf(RUNC, "runc 1.1 does not heed a mode that is said")
    def test_a_tmpfs_is_like_the_folder_that_it_covers(self):
        os.makedirs(os.path.join(self.root, "t"))
        os.chmod(os.path.join(self.root, "t"), 0o1750)
        self.mount("/t", "tmpfs")
        self.mount("/new", "tmpfs")
        self.mount("/home", "tmpfs", "mode=0700")
        self.assertEqual(self.out("stat -c %a /t /new /home").split(), ["1750", "1777", "700"])

    @unittest.skipIf(RUNC, "runc 1.1 can't copy a FIFO")
    def test_tmpcopyup(self):
        top = os.path.join(self.root, "t")
        os.makedirs(os.path.join(top, "sub"))
        with open(os.path.join(top, "sub", "file"), "w") as file:
            file.write("kept")
        os.chown(os.path.join(top, "sub", "file"), 12, 13)
        os.chmod(os.path.join(top, "sub", "file"), 0o4751)
        os.setxattr(os.path.join(top, "sub", "file"), "trusted.cv", b"attribute")
        os.utime(os.path.join(top, "sub", "file"), (1000, 2000))
        os.symlink("/etc/passwd", os.path.join(top, "link"))
        os.mkfifo(os.path.join(top, "fifo"))
        os.chmod(os.path.join(top, "sub"), 0o700)
        self.mount("/t", "tmpfs", "tmpcopyup", "size=1m")
        got = self.out("cat /t/sub/file; echo; stat -c '%a %u %g %Y' /t/sub/file; stat -c %a /t/sub; readlink /t/link;"
                       "test -p /t/fifo && echo fifo; echo changed >/t/sub/file")
        self.assertEqual(got.split("\n"), ["kept", "4751 12 13 2000", "700", "/etc/passwd", "fifo"])
        with open(os.path.join(top, "sub", "file")) as file:
            self.assertEqual(file.read(), "kept")

    def test_tmpcopyup_takes_attributes_along(self):
        top = os.path.join(self.root, "t")
        os.makedirs(top)
        shutil.copy(os.path.join(self.root, "bin", "busybox"), top)
        capable = bytes.fromhex("0100000200040000000000000000000000000000")  # version 2: CAP_NET_BIND_SERVICE, effective
        os.setxattr(os.path.join(top, "busybox"), "security.capability", capable)
        self.mount("/t", "tmpfs", "tmpcopyup")
        self.config["process"]["user"] = {"uid": 1000, "gid": 1000}
        for kind in ("effective", "permitted"):
            self.config["process"]["capabilities"][kind] = []
        self.config["process"]["capabilities"]["bounding"] = ["CAP_NET_BIND_SERVICE"]
        self.assertIn("0000000000000400", self.out("/t/busybox grep CapEff /proc/self/status"))

    def test_tmpcopyup_ends_with_the_room(self):
        os.makedirs(os.path.join(self.root, "t"))
        with open(os.path.join(self.root, "t", "big"), "wb") as file:
            file.write(b"x" * 200000)
        self.mount("/t", "tmpfs", "tmpcopyup", "size=64k")
        self.fails("mount 3 on '/t'", "copy what the tmpfs covers", "No space left")


class Propagation(Bundle):
    def setUp(self):
        super().setUp()
        subprocess.run(["mount", "-t", "tmpfs", "shown", self.path("shown")], check=True)
        subprocess.run(["mount", "--make-shared", self.path("shown")], check=True)

    def test_words(self):
        if RUNC:
            self.skipTest("runc's default follows the host")
        for word, tags in (("private", r"^$"), ("slave", r"^master:\d+$"), ("shared", r"^shared:\d+ master:\d+$"),
                           ("unbindable", r"^unbindable$")):
            for recursive in ("", "r"):
                self.drop("/b")
                self.mount("/b", "bind", "rbind", recursive + word, source=self.path("shown"))
                self.assertRegex(self.line("/b")[1], tags)

    def test_a_container_that_shares_with_the_host(self):
        self.config["linux"]["rootfsPropagation"] = "shared"
        self.mount("/b", "bind", "rbind", "rshared", source=self.path("shown"))
        self.path("shown/in")
        self.out("mount -t tmpfs inner /b/in && touch /b/in/made")
        self.assertTrue(os.path.exists(self.path("shown/in") + "/made"))

    def test_without_both_words_nothing_gets_out(self):
        self.mount("/b", "bind", "rbind", "rshared", source=self.path("shown"))
        self.path("shown/in")
        self.out("mount -t tmpfs inner /b/in && touch /b/in/made")
        self.assertFalse(os.path.exists(self.path("shown/in") + "/made"))

    @unittest.skipIf(RUNC, "runc 1.1 leaves the root private")
    def test_the_roots(self):
        for word, tags in (("private", r"^$"), ("shared", r"^shared:\d+$"), ("rshared", r"^shared:\d+$"),
                           ("unbindable", r"^unbindable$")):
            self.config["linux"]["rootfsPropagation"] = word
            self.assertRegex(self.line("/")[1], tags)
        self.assertEqual(self.out("grep -c ' /proc ' /proc/self/mountinfo"), "1")


class Locked(Bundle):
    """Flags that a user namespace got with its mounts can't be taken off in it: a bind mount keeps them."""

    def test_they_stay(self):
        if RUNC:
            self.skipTest("runc 1.1 keeps ro alone")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec", "shown", self.path("shown")], check=True)
        self.mount("/b", "bind", "rbind", "rw", "suid", "exec", "dev", source=self.path("shown"))
        self.config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "mount", "ipc")]
        done = self.run_it("grep ' /b ' /proc/self/mountinfo",
                           before=["unshare", "-U", "-m", "--map-root-user", "--propagation", "private"])
        self.assertEqual(done.stderr, "")
        self.assertLessEqual({"rw", "nosuid", "nodev", "noexec"}, set(done.stdout.split(" ")[5].split(",")))


class Idmapped(Bundle):
    MAPS = {"uidMappings": [{"containerID": 0, "hostID": 5000, "size": 100}],
            "gidMappings": [{"containerID": 0, "hostID": 6000, "size": 100}]}

    def setUp(self):
        super().setUp()
        if RUNC:
            self.skipTest("this runc has no idmapped mounts")
        os.chown(self.path("shown/file", text="x"), 7, 8)

    def test_by_the_mounts_own_mappings(self):
        for word in ((), ("idmap",), ("ridmap",)):
            self.drop("/b")
            self.mount("/b", "bind", "rbind", *word, source=self.path("shown"), **self.MAPS)
            self.assertEqual(self.out("stat -c '%u %g' /b/file"), "5007 6008")

    def test_only_with_r_below(self):
        subprocess.run(["mount", "-t", "tmpfs", "below", self.path("shown/below")], check=True)
        for word, owner in (("idmap", "0"), ("ridmap", "5000")):
            self.drop("/b")
            self.mount("/b", "bind", "rbind", word, source=self.path("shown"), **self.MAPS)
            self.assertEqual(self.out("stat -c %u /b/below"), owner)

    def test_without_any_mapping_it_is_an_error(self):
        self.mount("/b", "bind", "bind", "idmap", source=self.path("shown"))
        self.fails("mount 3 on '/b'", "can't be idmapped")

    def test_a_filesystem_that_can_not(self):
        self.mount("/b", "bind", "rbind", "idmap", source="/sys/kernel", **self.MAPS)
        self.fails("mount 3 on '/b'", "can't be idmapped by this kernel")


class Places(Bundle):
    @unittest.skipIf(RUNC, "runc 1.1 warns of them")
    def test_relative_paths(self):
        self.path("shown/file", text="here")
        self.mount("rel/ative", "bind", "bind", source="host/shown")
        self.assertEqual(self.out("cat /rel/ative/file"), "here")

    def test_files_and_folders_are_made(self):
        self.mount("/a/b/file", "bind", "bind", source=self.path("file", text="x"))
        self.mount("/c/d", "bind", "bind", source=self.path("shown"))
        self.assertEqual(self.out("cat /a/b/file; test -d /c/d && echo folder"), "xfolder")

    def test_folders_and_files_are_kept_apart(self):
        for destination, source in (("/etc/passwd", self.path("shown")), ("/home", self.path("file", text="x"))):
            self.mount(destination, "bind", "bind", source=source)
            self.fails("mount 3 on", "Not a directory")
            self.config["mounts"].pop()

    def test_a_link_is_followed_inside_alone(self):
        for name, target in (("abs", "/made/by/link"), ("up", "../../../../../../../../../../made/up")):
            os.symlink(target, os.path.join(self.root, name))
            self.mount(f"/{name}", "tmpfs", "size=4k")
        os.makedirs(os.path.join(self.root, "made", "by", "link"))
        os.makedirs(os.path.join(self.root, "made", "up"))
        self.assertEqual(self.out("grep -c ' /made/' /proc/self/mountinfo"), "2")
        os.symlink(self.path("shown"), os.path.join(self.root, "host"))
        self.drop("/abs", "/up")
        self.mount("/host/in", "tmpfs", "size=4k")
        self.run_it("true")
        self.assertEqual(os.listdir(self.path("shown")), [])

    def test_links_that_are_changed_meanwhile(self):
        """Somebody who can write to the root, at work while the container is made, gets nothing mounted or made outside of it."""
        inside, outside = os.path.join(self.root, "swap"), self.path("outside")
        os.makedirs(inside)
        self.mount("/swap/a", "tmpfs", "size=4k")
        self.mount("/swap/b/c", "bind", "bind", source=self.path("file", text="x"))
        self.config["linux"]["devices"] = [{"path": "/swap/d/null", "type": "c", "major": 1, "minor": 3}]
        stop = threading.Event()

        def swap():
            while not stop.is_set():
                for act in (lambda: os.rename(inside, inside + ".kept"), lambda: os.symlink(outside, inside),
                            lambda: os.unlink(inside), lambda: os.rename(inside + ".kept", inside)):
                    with contextlib.suppress(OSError):
                        act()

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for _ in range(12):
                self.run_it("true")
                self.assertEqual(os.listdir(outside), [])
        finally:
            stop.set()
            thread.join()
        with open("/proc/self/mountinfo") as file:
            self.assertNotIn("/outside", file.read())

    @unittest.skipIf(RUNC, "runc 1.1 lets a tmpfs be there")
    def test_nothing_but_a_procfs_on_proc(self):
        for destination, kind, source in (("/proc", "tmpfs", None), ("/proc/sys", "tmpfs", None), ("/proc", "bind", self.path("shown")),
                                          ("/proc/fs", "bind", self.path("shown")), ("/proc/version", "bind", self.path("f", text="x")),
                                          ("/proc/uptime/../version", "bind", self.path("f", text="x"))):
            self.mount(destination, kind, *(["bind"] if kind == "bind" else []), source=source)
            self.fails("/proc")
            self.config["mounts"].pop()
        os.symlink("proc/sys", os.path.join(self.root, "sly"))
        self.mount("/sly/kernel", "tmpfs")
        self.fails("/proc")

    def test_files_over_what_tells_about_the_machine(self):
        self.mount("/proc/uptime", "bind", "bind", source=self.path("uptime", text="1.00 1.00\n"))
        self.mount("/proc/sys/kernel/ns_last_pid", "bind", "bind", source=self.path("pid", text="3\n"))
        self.assertEqual(self.out("cat /proc/uptime /proc/sys/kernel/ns_last_pid"), "1.00 1.00\n3")

    def test_the_hosts_proc(self):
        self.drop("/proc")
        self.mount("/proc", "bind", "rbind", "nosuid", source="/proc")
        self.assertEqual(self.out("cat /proc/1/comm"), open("/proc/1/comm").read().strip())


class Devices(Bundle):
    def test_what_every_container_has(self):
        self.assertEqual(self.out("cd /dev; stat -c '%n %t:%T %a' null zero full random urandom tty; for link in ptmx fd stdin stdout stderr; do readlink $link; done"),
                         "null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 666\ntty 5:0 666\n"
                         "pts/ptmx\n/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2")

    def test_those_that_are_asked_for(self):
        self.config["linux"]["devices"] = [
            {"path": "/dev/in/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 3, "gid": 4},
            {"path": "/dev/unbuffered", "type": "u", "major": 1, "minor": 3, "fileMode": 0o20600},
            {"path": "/dev/block", "type": "b", "major": 7, "minor": 99},
            {"path": "/run/fifo", "type": "p", "fileMode": 0o622, "uid": 5},
        ]
        self.assertEqual(self.out("stat -c '%F %a %u %g %t:%T' /dev/in/fuse /dev/unbuffered /dev/block /run/fifo"),
                         "character special file 640 3 4 a:e5\ncharacter special file 600 0 0 1:3\n"
                         "block special file 666 0 0 7:63\nfifo 622 5 0 0:0")

    @unittest.skipIf(RUNC, "runc 1.1 keeps a file where a device should be")
    def test_in_the_root_itself(self):
        self.drop("/dev", "/dev/pts")
        with open(os.path.join(self.root, "dev", "null"), "w") as file:
            file.write("no device")
        os.mknod(os.path.join(self.root, "dev", "zero"), stat.S_IFCHR | 0o600, os.makedev(1, 5))
        self.assertEqual(self.out("stat -c '%t:%T' /dev/null /dev/zero /dev/full"), "1:3\n1:5\n1:7")
        self.assertEqual(self.out("stat -c %a /dev/zero"), "600")

    @unittest.skipIf(RUNC, "runc 1.1 needs a null device there")
    def test_nothing_is_made_in_the_hosts(self):
        self.drop("/dev", "/dev/pts")
        self.mount("/dev", "bind", "rbind", source=self.path("dev"))
        self.config["linux"]["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}]
        self.assertEqual(self.out("ls /dev"), "")
        self.assertEqual(os.listdir(self.path("dev")), [])

    def test_nor_by_a_link(self):
        self.drop("/dev", "/dev/pts")
        shutil.rmtree(os.path.join(self.root, "dev"))
        os.symlink("mnt", os.path.join(self.root, "dev"))
        self.mount("/mnt", "bind", "rbind", source=self.path("dev"))
        if not RUNC:
            self.fails("/dev leads into another mount")
            self.assertEqual(os.listdir(self.path("dev")), [])

    def test_in_a_read_only_dev(self):
        self.config["mounts"][1]["options"].append("ro")
        self.assertEqual(self.out("stat -c '%t:%T' /dev/null; touch /dev/x 2>/dev/null || echo refused"), "1:3\nrefused")
        self.assertIn("ro", self.line("/dev")[0])

    def test_in_a_user_namespace(self):
        self.config["linux"]["namespaces"].append({"type": "user"})
        for kind in ("uidMappings", "gidMappings"):
            self.config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.config["linux"]["devices"] = [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200, "fileMode": 0o666}]
        subprocess.run(["chown", "-R", "-h", "100000:100000", self.root], check=True)
        os.chmod(self.folder, 0o755)
        self.assertEqual(self.out("stat -c '%t:%T' /dev/null /dev/net/tun; echo lost >/dev/null && echo works"), "1:3\na:c8\nworks")


class Kernel(Bundle):
    def test_sysctls(self):
        self.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456"}
        self.assertEqual(self.out("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax"), "1\n123456")

    def test_sysctls_of_the_host(self):
        self.config["linux"]["sysctl"] = {"kernel.panic": "1"}
        self.fails("'kernel.panic' is not in a separate kernel namespace")
        self.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
        self.config["linux"]["namespaces"].remove({"type": "network"})
        self.fails("'net.ipv4.ip_forward' is not allowed in the host's network namespace")

    def test_masks_are_those_that_are_listed(self):
        self.config["linux"]["maskedPaths"] = ["/proc/kmsg", "/proc/irq", "/proc/not-there", "/etc/passwd"]
        self.config["linux"]["readonlyPaths"] = ["/proc/sys", "/home"]
        self.assertEqual(self.out("wc -c </proc/kmsg; ls /proc/irq | wc -l; wc -c </etc/passwd; touch /home/x 2>/dev/null || echo refused"),
                         "0\n0\n0\nrefused")
        self.assertEqual(self.out("grep -c . /proc/self/mountinfo"), "9")

    def test_a_read_only_root(self):
        self.config["root"]["readonly"] = True
        self.config["process"]["cwd"] = "/made/for/it"
        self.assertEqual(self.out("pwd; touch /x 2>/dev/null || echo refused"), "/made/for/it\nrefused")

    def test_nothing_of_ours_is_added(self):
        targets = self.out("cut -d' ' -f5 /proc/self/mountinfo").split()
        self.assertEqual(targets, ["/", "/proc", "/dev", "/dev/pts"])

    def test_without_pivot_root(self):
        self.assertEqual(self.out("cut -d' ' -f5 /proc/self/mountinfo | grep -c /dev/pts; ls / | grep -c etc", "--no-pivot"), "1\n1")

    def test_cgroup_hierarchies(self):
        self.mount("/sys/fs/cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro")
        with open("/proc/self/mountinfo") as file:
            lines = [line.split(" - ") for line in file]
        names = {os.path.basename(left.split()[4]) for left, right in lines if right.startswith("cgroup ")}
        for own in (False, True):
            if own:
                self.config["linux"]["namespaces"].append({"type": "cgroup"})
            if not names:
                self.assertEqual(self.line("/sys/fs/cgroup")[2], "cgroup2")
                continue
            text = self.out("ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs | wc -l;"
                            "mkdir /sys/fs/cgroup/pids/x 2>/dev/null || echo refused").split("\n")
            self.assertLessEqual(names, set(text[:-2]))
            self.assertGreaterEqual(int(text[-2]), 1)
            self.assertEqual(text[-1], "refused")
            self.assertIn("ro", self.line("/sys/fs/cgroup/pids")[0])

    def test_the_cgroup_of_version_2(self):
        """Where there is no other version: the whole tree, the namespace's, or in a user namespace the container's own group."""
        if RUNC:
            self.skipTest("this runc wants the groups of a machine with version 2")
        self.mount("/sys/fs/cgroup", "cgroup", "nosuid", "ro")
        view = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                'umount -l -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "v2"]
        script = "grep ' /sys/fs/cgroup ' /proc/self/mountinfo; test -e /sys/fs/cgroup/cgroup.events && echo group"
        for namespaces, group in (((), False), (("cgroup",), True), (("user",), True), (("user", "cgroup"), True)):
            self.config["linux"]["namespaces"] = BASE["linux"]["namespaces"] + [{"type": kind} for kind in namespaces]
            for kind in ("uidMappings", "gidMappings") if "user" in namespaces else ():
                self.config["linux"][kind] = [{"containerID": 0, "hostID": 0, "size": 65536}]
            done = self.run_it(script, before=view)
            self.assertEqual(done.stderr, "")
            self.assertIn(" cgroup2 ", done.stdout)
            self.assertEqual("group" in done.stdout.split("\n"), group)
            for kind in ("uidMappings", "gidMappings"):
                self.config["linux"].pop(kind, None)

    def test_a_label_without_selinux(self):
        if os.path.exists("/sys/fs/selinux/enforce"):
            self.skipTest("SELinux is active")
        self.config["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2"
        self.fails("SELinux is not active")

    def test_the_console(self):
        self.config["process"]["terminal"] = True
        done = subprocess.run(["script", "-qefc", "true", "/dev/null"], check=False, capture_output=True)
        if done.returncode != 0:
            self.skipTest("script(1) is missing")
        self.config["process"]["args"] = ["sh", "-c", "tty; stat -c %t /dev/console; echo hello >/dev/console"]
        with open(os.path.join(self.folder, "config.json"), "w") as file:
            json.dump(self.config, file)
        command = f"{RUNTIME} --root {PLACE}/state run --bundle {self.folder} console"
        text = call("script", "-qefc", command, "/dev/null").stdout.replace("\r", "").replace("^@", "").replace("\b", "")
        self.assertEqual(text.split("\n")[:3], ["/dev/pts/0", "88", "hello"])


if __name__ == "__main__":
    main()
