"""cvctl export, cp CONTAINER:PATH - and cp - CONTAINER:PATH: what GNU tar reads and writes, and archives of strangers."""
import gzip
import io
import shutil
import tarfile
import tempfile

from support import CVCTL, DEADLINE, main, os, start, subprocess, time, unittest

NAME = f"archive-{os.getpid()}"
LONG = "n" * 200
SERVE = rf"""
mkdir -p /w/d/e /w/{LONG}/{LONG} /swap
echo hi >/w/d/f; ln /w/d/f /w/d/g; ln -s nowhere /w/d/s; mkfifo /w/p
chown 1:2 /w/d/e; chmod 4755 /w/d/f; touch -d '2001-02-03 04:05:06.789012345' /w/d/f
truncate -s 64M /w/sparse; echo end >>/w/sparse; dd if=/dev/urandom of=/w/big bs=1M count=3 2>/dev/null
echo deep >/w/{LONG}/{LONG}/{LONG}
echo outside >/outside
echo up
exec sleep 1000
"""


def cvctl(*args, **more):
    return subprocess.run([CVCTL, *args], capture_output=True, timeout=DEADLINE, **{"stdin": subprocess.DEVNULL, **more})


def archivers():
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/exe").endswith("/cv-archive"):
                found.append(int(name))
        except OSError:
            pass  # it has ended
    return set(found)


def tar(*entries):
    """An archive of (name, type, target or content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, more in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(more)
            elif more:
                info.linkname = more
            archive.addfile(info, io.BytesIO(more) if kind == tarfile.REGTYPE else None)
    return out.getvalue()


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = start("--name", NAME, "--", "/bin/sh", "-c", SERVE)
        assert cls.process.stdout.readline() == "up\n"
        end = time.monotonic() + DEADLINE
        while b"there is no container" in cvctl("cp", f"{NAME}:/missing", "/tmp").stderr and time.monotonic() < end:
            time.sleep(0.02)

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.communicate(timeout=DEADLINE)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        self.made = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def good(self, *args, **more):
        result = cvctl(*args, **more)
        self.assertEqual((result.returncode, result.stderr), (0, b""), args)
        return result.stdout

    def new_folder(self):
        """A new one in the container, by its path there."""
        self.made += 1
        name = f"in-{self._testMethodName}-{self.made}"
        os.mkdir(self.path(name))
        self.good("cp", self.path(name), f"{NAME}:/")
        return "/" + name

    def unpack(self, data, *options):
        place = self.new_folder()
        return place, cvctl("cp", *options, "-", f"{NAME}:{place}", input=data, stdin=None)

    def refused(self, data, *words):
        place, result = self.unpack(data)
        self.assertEqual((result.returncode, result.stdout), (125, b""), words)
        for word in words:
            self.assertIn(word, result.stderr.decode())
        return self.names(place)

    def names(self, place):
        with tarfile.open(fileobj=io.BytesIO(self.good("cp", f"{NAME}:{place}/.", "-"))) as archive:
            return sorted(archive.getnames())[1:]  # "." is the first

    def test_gnu_tar_finds_no_difference(self):
        for source, top in (("/w", "w"), ("/w/.", ".")):
            data = self.good("cp", f"{NAME}:{source}", "-")
            place = tempfile.mkdtemp(dir=self.folder)
            for letter in ("x", "d"):
                subprocess.run(["tar", letter, "-C", place, "--xattrs", "--warning=all"], input=data, check=True, stderr=subprocess.PIPE)
            info = os.stat(os.path.join(place, top, "d/f"))
            self.assertEqual((info.st_mtime_ns, info.st_nlink, info.st_mode & 0o7777), (981173106789012345, 2, 0o4755))
            self.assertEqual(os.stat(os.path.join(place, top, "d/e")).st_gid, 2)
            self.assertLess(os.stat(os.path.join(place, top, "sparse")).st_blocks, 64)
            self.assertLess(len(data), 5 << 20)

    def test_there_and_back(self):
        data = self.good("cp", f"{NAME}:/w", "-")
        place, result = self.unpack(data, "-a")
        self.assertIn(b"is a device, a FIFO", result.stderr)
        again = self.good("cp", f"{NAME}:{place}/w", "-")
        self.assertEqual(self.describe(data, but="w/p"), self.describe(again))

    def describe(self, data, but=None):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            first = {}
            lines = []
            for entry in archive:
                if entry.name == but:
                    continue
                content = hash(archive.extractfile(entry).read()) if entry.isfile() else None
                same = frozenset((entry.name, entry.linkname)) if entry.islnk() else first.setdefault(entry.name, None)
                mtime = entry.pax_headers.get("mtime") if not entry.isdir() and not entry.islnk() else None
                lines.append((entry.name if not entry.islnk() else "", str(same), entry.uid, entry.gid, entry.mode, entry.linkname and 1, mtime, content))
        return sorted(lines, key=str)

    def test_what_gnu_tar_writes(self):
        source = self.path("source")
        os.makedirs(os.path.join(source, LONG, LONG))
        with open(os.path.join(source, LONG, LONG, LONG), "wb") as file:
            file.write(b"\0" * 5000000 + b"end")
            file.truncate(20 << 20)
        os.link(os.path.join(source, LONG, LONG, LONG), os.path.join(source, "link"))
        os.setxattr(os.path.join(source, "link"), "user.word", b"\0value")
        os.symlink("link", os.path.join(source, "symbolic"))
        os.chown(source, 5, 6)
        os.utime(os.path.join(source, "link"), ns=(10**9, 1234567890123456789))
        for form in ("gnu", "pax", "ustar"):
            names = ["source"] if form != "ustar" else ["source/symbolic"]
            data = subprocess.run(["tar", "c", *{"gnu": ["-S"], "pax": ["-S", "--xattrs"], "ustar": []}[form], f"--format={form}", "-C", self.folder, *names], check=True,
                                  stdout=subprocess.PIPE).stdout
            place, result = self.unpack(data, "-a")
            self.assertEqual((result.returncode, result.stderr), (0, b""), form)
            if form == "pax":
                out = self.path("out")
                self.good("cp", "-a", f"{NAME}:{place}/.", out)
                subprocess.run(["tar", "d", "--xattrs", "-C", out], input=data, check=True)
                info = os.stat(os.path.join(out, "source/link"))
                self.assertEqual((info.st_nlink, info.st_mtime_ns, info.st_size), (2, 1234567890123456789, 20 << 20))
                self.assertEqual(os.getxattr(os.path.join(out, "source/link"), "user.word"), b"\0value")
                self.assertEqual(os.stat(os.path.join(out, "source")).st_uid, 5)

    def test_names_that_lead_out(self):
        regular = tarfile.REGTYPE
        self.assertEqual(self.refused(tar(("../evil", regular, b"x"), ("good", regular, b"y"), ("a/../../evil", regular, b"x")), "leads out"), ["./good"])
        self.assertEqual(self.refused(tar(("/outside", regular, b"x"), ("good", regular, b"y")), "is absolute"), ["./good"])
        left = self.refused(tar(("link", tarfile.SYMTYPE, "/"), ("link/outside", regular, b"x"), ("link/d", tarfile.DIRTYPE, ""),
                                ("link/more/f", regular, b"z"), ("good", regular, b"y" * 100000)), "something else than a folder")
        self.assertEqual(left, ["./good", "./link"])
        with tarfile.open(fileobj=io.BytesIO(self.good("cp", f"{NAME}:/outside", "-"))) as archive:
            self.assertEqual(archive.extractfile("outside").read(), b"outside\n")

    def test_hard_links_that_lead_out(self):
        link = tarfile.LNKTYPE
        self.assertEqual(self.refused(tar(("a", link, "../outside")), "leads out"), [])
        self.assertEqual(self.refused(tar(("a", link, "/outside")), "is absolute"), [])
        self.assertEqual(self.refused(tar(("s", tarfile.SYMTYPE, ".."), ("a", link, "s/outside")), "further name"), ["./s"])
        self.assertEqual(self.refused(tar(("d", tarfile.DIRTYPE, ""), ("a", link, "d")), "no file"), ["./d"])
        self.assertEqual(self.refused(tar(("a", link, "missing")), "further name"), [])

    def test_devices_are_not_made(self):
        self.assertEqual(self.refused(tar(("null", tarfile.CHRTYPE, ""), ("disk", tarfile.BLKTYPE, ""), ("p", tarfile.FIFOTYPE, "")), "3 of the paths"), [])

    def test_what_is_no_whole_archive(self):
        whole = tar(("first", tarfile.REGTYPE, b"1"), ("second", tarfile.REGTYPE, os.urandom(300000)))
        self.assertEqual(self.refused(whole[:150000], "can't be read"), ["./first"])
        self.assertEqual(self.refused(b"", "can't be read"), [])
        self.assertEqual(self.refused(os.urandom(100000), "can't be read"), [])
        self.assertEqual(self.refused(gzip.compress(whole), "not compressed"), [])
        huge = tarfile.TarInfo("././@LongLink")
        huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
        self.assertEqual(self.refused(huge.tobuf(tarfile.GNU_FORMAT) + b"n" * (3 << 20), "can't be read"), [])
        huge.type = tarfile.XHDTYPE
        self.assertEqual(self.refused(huge.tobuf(tarfile.GNU_FORMAT) + b"n" * (3 << 20), "can't be read"), [])

    def test_the_whole_tree(self):
        out = self.path("all.tar")
        self.good("export", "-o", out, NAME)
        self.assertEqual(os.stat(out).st_mode & 0o7777, 0o600)
        self.assertEqual(os.listdir(self.folder), ["all.tar"])
        with tarfile.open(out) as archive:
            names = archive.getnames()
        self.assertIn("./w/d/f", names)
        self.assertIn("./proc", names)
        self.assertEqual([name for name in names if name.startswith(("./proc/", "./dev/", "./sys/"))], [])

    def test_while_links_are_swapped(self):
        script = "mkdir /s; i=0; echo up; while :; do ln -s / /s/x; rm -f /s/x; mkdir /s/x; : >/s/x/y; rm -rf /s/x; done"
        process = start("--name", NAME + "-s", "--", "/bin/sh", "-c", script)
        self.addCleanup(process.communicate, timeout=DEADLINE)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "up\n")
        time.sleep(0.1)
        for _ in range(200):
            data = cvctl("cp", f"{NAME}-s:/s", "-").stdout
            if data:
                with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                    self.assertLessEqual(set(archive.getnames()), {"s", "s/x", "s/x/y"})

    def test_no_room_for_the_archive(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([CVCTL, "export", NAME], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"No space left", result.stderr)

    def test_it_ends_with_its_caller(self):
        before = archivers()
        process = subprocess.Popen([CVCTL, "cp", "-", f"{NAME}:{self.new_folder()}"], stdin=subprocess.PIPE)
        end = time.monotonic() + DEADLINE
        while not archivers() - before and time.monotonic() < end:
            time.sleep(0.01)
        [mine] = archivers() - before
        process.kill()
        process.wait()
        while mine in archivers():
            self.assertLess(time.monotonic(), end, "it goes on")
            time.sleep(0.01)
        process.stdin.close()

    def test_mistakes(self):
        for args, words in (((f"{NAME}:/w", f"{NAME}-b:/w"), b"one container to another"), (("-", "/tmp"), b"is in a container"),
                            (("-", f"{NAME}:/missing"), b"does not exist"), ((f"{NAME}:/missing", "-"), b"No such file")):
            result = cvctl("cp", *args, input=tar(("f", tarfile.REGTYPE, b"f")), stdin=None)
            self.assertEqual(result.returncode, 125, args)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    main()
