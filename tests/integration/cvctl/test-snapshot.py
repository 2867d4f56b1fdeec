"""cvctl diff and commit as a user runs them: what is told, and that a container on the layer has the same tree."""
import shutil
import stat
import tempfile

from support import CVCTL, DEADLINE, command, error_of, json, main, os, run, start, subprocess, time, unittest

ROOTFS = os.environ["CV_SUITE_ROOTFS"]
BASE = f"/tmp/snapshot-{os.getpid()}"

# All that is kept of a tree, one line a path. The files that a container gets from outside, and its mounts, are no part of it.
LIST = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc/hosts -o -path /etc/hostname -o -path /etc/resolv.conf \) -prune \
  -o ! -path / -exec stat -c '%N %f %u:%g %.Y %t:%T' {} + | sort
find /w /etc /usr/share/misc -xdev -type f -exec sha256sum {} + | grep -vE ' /etc/(hosts|hostname|resolv.conf)$' | sort
find /w -xdev -type f -links +1 -exec stat -c '%n %h' {} + | sort
"""

CHANGES = r"""
set -e
mkdir -p /w/d/e /w/deep/a/b/c
echo hi >/w/d/f; ln /w/d/f /w/d/g; ln -s nowhere /w/d/s; ln -s ../../../etc /w/out; mkfifo /w/p
chown 1:2 /w/d/e; chmod 4755 /w/d/f; chmod 000 /w/deep/a; chmod 1777 /w/deep
truncate -s 48M /w/sparse; printf end >>/w/sparse
touch -d '2001-02-03 04:05:06.789012345' /w/d/f /w/deep
chown -h 3:4 /w/d/s; touch -h -d @1.25 /w/d/s
rm /etc/gone; rm -rf /etc/refilled; mkdir /etc/refilled; echo n >/etc/refilled/new
rm -rf /etc/folder; echo now a file >/etc/folder
rm /etc/plain; mkdir /etc/plain; mv /etc/moved /etc/arrived
echo more >>/etc/changed; chmod 700 /etc/touched
echo up
exec sleep 1000
"""


def cvctl(*args, **more):
    return subprocess.run([CVCTL, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
                          timeout=DEADLINE, **more)


def make_base():
    """A root folder: the distribution's one is too large to be changed and listed for each test."""
    os.mkdir(BASE)
    etc = os.path.join(BASE, "etc")
    for name in ("etc", "etc/refilled", "etc/refilled/below", "etc/folder", "etc/folder/inner", "etc/moved", "etc/touched"):
        os.mkdir(os.path.join(BASE, name))
    for name in ("gone", "plain", "changed", "same", "refilled/old", "refilled/below/old", "folder/inner/old", "moved/old"):
        with open(os.path.join(etc, name), "w") as file:
            file.write(name)


def setUpModule():
    make_base()


def tearDownModule():
    shutil.rmtree(BASE)


class Snapshot(unittest.TestCase):
    count = 0

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder, True)
        Snapshot.count += 1
        self.name = f"snapshot-{os.getpid()}-{Snapshot.count}"
        self.layer = os.path.join(self.folder, "layer")

    def serve(self, *options, script=CHANGES):
        process = start("--name", self.name, *options, "--", "/bin/sh", "-c", script)
        self.addCleanup(process.communicate, timeout=DEADLINE)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.assertEqual(line, "up\n", line or process.stderr.read())
        self.reachable()
        return process

    def reachable(self):
        """A program may be faster than the socket beside it."""
        end = time.monotonic() + DEADLINE
        while "there is no container" in cvctl("cp", f"{self.name}:/missing", "/tmp").stderr and time.monotonic() < end:
            time.sleep(0.02)

    def good(self, *args):
        result = cvctl(*args)
        self.assertEqual((result.returncode, result.stderr), (0, ""), args)
        return result.stdout

    def refused(self, words, *args):
        result = cvctl(*args)
        self.assertEqual((result.returncode, result.stdout), (125, ""), args)
        self.assertIn(words, result.stderr)

    def diff(self):
        return sorted(self.good("diff", self.name).splitlines())

    def tree(self, *options):
        result = run(*options, "--", "/bin/sh", "-c", LIST)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def nothing_left(self):
        self.assertEqual(os.listdir(self.folder), [])


class Diff(Snapshot):
    def test_each_kind(self):
        self.serve("--layer", BASE)
        lines = self.diff()
        for line in ("A /w", "A /w/d", "A /w/d/f", "A /w/d/s", "A /w/p", "C /etc", "D /etc/gone", "C /etc/changed", "C /etc/touched",
                     "C /etc/refilled", "D /etc/refilled/old", "D /etc/refilled/below", "A /etc/refilled/new", "C /etc/folder",
                     "C /etc/plain", "D /etc/moved", "A /etc/arrived", "A /etc/arrived/old"):
            self.assertIn(line, lines)
        told = [line.split(" ", 1)[1] for line in lines]
        self.assertEqual(len(set(told)), len(told))
        for path in ("/etc/same", "/etc/refilled/below/old", "/etc/folder/inner", "/usr"):
            self.assertNotIn(path, told)
        objects = [json.loads(line) for line in self.good("diff", "--format", "json", self.name).splitlines()]
        self.assertEqual(sorted(f"{entry['kind']} {entry['path']}" for entry in objects), lines)

    def test_places_of_mounts_are_no_changes(self):
        """On a root that has none of them: nothing is told before something was changed, and then just that, with what is around it."""
        bare, secret = os.path.join(self.folder, "bare"), os.path.join(self.folder, "secret")
        os.makedirs(os.path.join(bare, "bin"))
        os.mkdir(os.path.join(bare, "etc"))
        shutil.copy(os.path.join(ROOTFS, "bin/busybox"), os.path.join(bare, "bin/sh"))
        with open(secret, "w") as file:
            file.write("s3cret")
        script = """echo up; read line; chmod 700 /data; echo 1 >/etc/own; mkdir -p /srv/deep/empty /run/empty; : >/run/file; sleep 1000"""
        process = subprocess.Popen(
            [CVCTL, "run", "-i", "--rootfs", bare + ":O", "--name", self.name, "-v", f"{self.folder}:/data/deep", "-v", f"{secret}:/srv/file:ro",
             "--secret", f"source={secret},id=key", "--", "/bin/sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate, timeout=DEADLINE)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "up\n")
        self.reachable()
        self.assertEqual(self.diff(), [])
        process.stdin.write("go\n")
        process.stdin.flush()
        changed = ["A /data", "A /etc/own", "A /run", "A /run/empty", "A /run/file", "A /srv", "A /srv/deep", "A /srv/deep/empty", "C /etc"]
        end = time.monotonic() + DEADLINE
        while "A /run/file" not in self.diff() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.diff(), changed)

    def test_names_do_not_steer_the_terminal(self):
        self.serve(script=r"""cd /tmp; : >"$(printf 'a\nD b\033[2J\\')"; : >"$(printf '\377')"; echo up; exec sleep 1000""")
        self.assertIn(r"A /tmp/a\012D b\033[2J\134", self.diff())
        lines = self.good("diff", "--format", "json", self.name).splitlines()
        self.assertIn({"kind": "A", "bytes": list(b"/tmp/\xff")}, [json.loads(line) for line in lines])

    def test_a_root_in_place_can_not_tell(self):
        root = os.path.join(self.folder, "root")
        shutil.copytree(ROOTFS, root, symlinks=True)
        process = subprocess.Popen(command("--name", self.name, "--", "/bin/sh", "-c", "echo up; exec sleep 1000",
                                           root=["--rootfs", root]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate, timeout=DEADLINE)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "up\n")
        self.reachable()
        self.refused("--rootfs FOLDER:O", "diff", self.name)
        self.refused("in place", "commit", self.name, self.layer)
        self.assertEqual(os.listdir(self.folder), ["root"])

    def test_mistakes(self):
        self.refused("there is no container", "diff", "nobody")
        self.refused("takes one container", "diff")
        self.refused("takes a container and a new folder", "commit", "nobody")
        self.assertEqual(error_of(cvctl("diff", "--format", "json", "nobody"))["name"], "CV_ERR_NOT_FOUND")


class Commit(Snapshot):
    def serve_and_list(self, *options):
        """The process, and what its own tree looks like from inside."""
        script = CHANGES.replace("echo up\nexec", LIST + "echo up\nexec")
        process = start("--name", self.name, *options, "--", "/bin/sh", "-c", script)
        self.addCleanup(process.communicate, timeout=DEADLINE)
        self.addCleanup(process.kill)
        lines = []
        for line in process.stdout:
            if line == "up\n":
                break
            lines.append(line)
        self.assertGreater(len(lines), 1000)
        self.reachable()
        return "".join(lines)

    def check_the_same(self, *options):
        inside = self.serve_and_list("--layer", BASE, *options)
        self.good("commit", self.name, self.layer)
        self.assertEqual(stat.S_IMODE(os.stat(self.layer).st_mode), 0o700)
        again = self.tree("--layer", BASE, "--layer", self.layer)
        self.assertEqual(sorted(set(again.splitlines()) ^ set(inside.splitlines())), [])
        self.assertEqual(again, inside)
        self.assertEqual(os.getxattr(os.path.join(self.layer, "etc/refilled"), "trusted.overlay.opaque"), b"y")
        self.assertLess(os.stat(os.path.join(self.layer, "w/sparse")).st_blocks, 64)
        self.assertEqual(os.listdir(self.folder), ["layer"])

    def test_the_same_tree_again(self):
        self.check_the_same()

    def test_of_an_upper_of_limited_size(self):
        self.check_the_same("--storage-opt", "size=64m")

    def test_a_layer_on_a_layer(self):
        self.serve(script="echo one >/tmp/one; rm /etc/fstab; echo up; exec sleep 1000")
        self.good("commit", self.name, self.layer)
        self.name += "-b"
        self.serve("--layer", self.layer, script="rm /tmp/one; echo back >/etc/fstab; echo up; exec sleep 1000")
        self.assertIn("D /tmp/one", self.diff())
        self.assertIn("A /etc/fstab", self.diff())
        second = os.path.join(self.folder, "second")
        self.good("commit", self.name, second)
        result = run("--layer", self.layer, "--layer", second, "--", "/bin/sh", "-c", "ls /tmp; cat /etc/fstab")
        self.assertEqual(result.stdout, "back\n")

    def test_attributes(self):
        self.serve(script="echo x >/tmp/f; mkdir /tmp/d; echo up; exec sleep 1000")
        [upper] = [os.path.join(place, name, "upper") for place in ["/var/lib/containerv/containers"]
                   for name in os.listdir(place) if name == self.name]
        capability = bytes.fromhex("0100000200000000000000000000000000000000")
        os.setxattr(os.path.join(upper, "tmp/f"), "user.word", b"value")
        os.setxattr(os.path.join(upper, "tmp/f"), "security.capability", capability)
        os.setxattr(os.path.join(upper, "tmp/d"), "trusted.word", b"\0\1")
        self.good("commit", self.name, self.layer)
        self.assertEqual(os.getxattr(os.path.join(self.layer, "tmp/f"), "user.word"), b"value")
        self.assertEqual(os.getxattr(os.path.join(self.layer, "tmp/f"), "security.capability"), capability)
        self.assertEqual(os.getxattr(os.path.join(self.layer, "tmp/d"), "trusted.word"), b"\0\1")
        self.assertEqual([name for name in os.listxattr(os.path.join(self.layer, "tmp")) if "overlay" in name], [])

    def test_the_folder_must_be_new(self):
        self.serve(script="echo up; exec sleep 1000")
        os.mkdir(self.layer)
        self.refused("exists", "commit", self.name, self.layer)
        os.symlink("nowhere", os.path.join(self.folder, "link"))
        self.refused("exists", "commit", self.name, os.path.join(self.folder, "link"))
        self.refused("No such file", "commit", self.name, os.path.join(self.folder, "missing", "layer"))
        self.assertEqual((sorted(os.listdir(self.folder)), os.listdir(self.layer)), (["layer", "link"], []))

    def test_a_full_disk_leaves_nothing(self):
        self.serve(script="mkdir -p /w/a/b; echo x >/w/a/b/c; dd if=/dev/zero of=/w/big bs=1M count=4 2>/dev/null; echo up; exec sleep 1000")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", self.folder], check=True)
        try:
            self.refused("No space left", "commit", self.name, self.layer)
            self.nothing_left()
            self.assertGreater(os.statvfs(self.folder).f_bavail, 200)
        finally:
            subprocess.run(["umount", self.folder], check=True)

    def test_who_goes_on_puts_other_things_in_the_way(self):
        self.serve(script="mkdir /w; mkfifo /w/p; ln -s /w/p /w/l; echo up; "
                   "while :; do echo x >/w/n; mv /w/n /w/f; ln -s p /w/n; mv /w/n /w/f; mkfifo /w/n; mv /w/n /w/f; rm /w/f; done")
        for _ in range(10):
            result = cvctl("commit", "--no-pause", self.name, self.layer)
            if result.returncode != 0:
                self.assertIn("was changed while it was read", result.stderr)
                self.assertFalse(os.path.exists(self.layer))
            else:
                self.assertTrue({"l", "p"} <= set(os.listdir(os.path.join(self.layer, "w"))))
                shutil.rmtree(self.layer)
        self.goes_on()

    def test_it_is_of_one_moment(self):
        self.serve(script="mkdir /w; i=0; echo up; while :; do i=$((i+1)); echo $i >/w/a; echo $i >/w/b; done")
        self.good("commit", self.name, self.layer)
        a, b = (self.read(os.path.join(self.layer, "w", name)) for name in "ab")
        if a and b:  # else it was paused between truncating and writing
            self.assertIn(int(a) - int(b), (0, 1))
        self.goes_on()

    def read(self, path):
        with open(path) as file:
            return file.read()

    def goes_on(self):
        end = time.monotonic() + DEADLINE
        target = os.path.join(self.folder, "copied")
        while cvctl("cp", f"{self.name}:/etc/passwd", target).returncode != 0:
            self.assertLess(time.monotonic(), end, "it stands still")
            time.sleep(0.02)
        os.unlink(target)

    def begin_long_one(self):
        self.serve(script="mkdir /w; i=0; while [ $i -lt 20000 ]; do : >/w/$i; i=$((i+1)); done; echo up; exec sleep 1000")
        process = subprocess.Popen([CVCTL, "commit", self.name, self.layer], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not any(os.listdir(os.path.join(self.folder, name)) for name in os.listdir(self.folder)):
            time.sleep(0.001)
        return process

    def test_stopped_half_way(self):
        process = self.begin_long_one()
        process.terminate()
        self.assertEqual((process.communicate(timeout=DEADLINE)[1], process.returncode), ("", 128 + 15))
        self.nothing_left()
        self.goes_on()

    def test_killed_half_way(self):
        process = self.begin_long_one()
        process.kill()
        process.communicate(timeout=DEADLINE)
        self.goes_on()
        names = os.listdir(self.folder)
        self.assertTrue(all(name.startswith(".cv-") and os.listdir(os.path.join(self.folder, name)) == [] for name in names), names)


if __name__ == "__main__":
    main()
