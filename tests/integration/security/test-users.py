"""Ids, capabilities and the owners of files."""
import socket

from cases import *

DOCKER_CAPS = 0xA80425FB
MAX_ID = 65535  # of the range that a container has


class Capabilities(Case):
    def status(self, *options):
        lines = self.output(*options, "--", "/bin/cat", "/proc/self/status").splitlines()
        return {key: int(value, 16) for key, _, value in (line.partition(":\t") for line in lines) if key.startswith("Cap")}

    def test_T11_inheritable_is_empty(self):
        for options in ([], ["-u", "1000:1000"], ["-u", "bob"], ["--no-init"], ["--cap-add", "NET_ADMIN"],
                        ["--cap-add", "NET_ADMIN", "-u", "1000"], ["--share", "users"]):
            caps = self.status(*options)
            self.assertEqual((caps["CapInh"], caps["CapAmb"]), (0, 0), options)

    def test_T11_another_user_has_none(self):
        for options in (["-u", "1000:1000"], ["-u", "bob"], ["-u", "1000", "--no-init"], ["-u", "1000", "--share", "users"],
                        ["-u", "1000", "--security-opt", "no-new-privileges=false"]):
            caps = self.status(*options)
            self.assertEqual((caps["CapPrm"], caps["CapEff"]), (0, 0), options)

    def test_T11_root_has_no_more_than_dockers(self):
        caps = self.status()
        for name in ("CapBnd", "CapPrm", "CapEff"):
            self.assertEqual(caps[name] & ~DOCKER_CAPS, 0, name)
        self.assertNotEqual(caps["CapEff"], 0)


class UserOption(Case):
    ERRORS = ["-1", "+0", "+1000", "0x0", "0X3e8", " 0", "0 ", "1000\t", "\n0", "4294967295", "4294967296", "4294968296",
              "18446744073709551615", "18446744073709551616", "-4294967296", "1e3", "1000.0", "1_000", "\u0661\u0660", "1000:1000:1000",
              "0:-1", "0:+0", "0: 0", "0:0x0", "0:4294967296", "no-such", "root:no-such", "../etc/passwd", "%d", "bob\n", "0b1", "::",
              str(MAX_ID + 1), f"0:{MAX_ID + 1}", "1000,1000", "root;id", "-"]
    EITHER = {"1000:": "1000", "bob:": "1000", ":1000": "0", "00": "0", "0001000": "1000", "": "0", ":": "0"}  # an error, or just this id
    EXACT = {"0": "0 0 0 0", "1000:1000": "1000 1000 1000 1000", "bob": "1000 1000 1000 1000", "bob:root": "1000 1000 0 0",
             "root:bob": "0 0 1000 1000", f"{MAX_ID}:{MAX_ID}": " ".join([str(MAX_ID)] * 4)}

    def ids(self, text):
        return self.run_container(f"--user={text}", "--", "/bin/probe", "ids")

    def test_T15_odd_strings_are_errors(self):
        for text in self.ERRORS:
            result = self.ids(text)
            self.assertEqual((result.returncode, result.stdout), (OURS, ""), repr(text))

    def test_T15_half_odd_strings(self):
        for text, uid in self.EITHER.items():
            result = self.ids(text)
            if result.returncode != OURS:
                self.assertEqual(result.stdout.split(" ")[:2], [uid, uid], repr(text))

    def test_T15_good_ones_are_exact(self):
        for text, ids in self.EXACT.items():
            result = self.ids(text)
            self.assertEqual((result.stdout.strip(), result.returncode), (ids, 0), (repr(text), result.stderr))


class UserFiles(Case):
    def assert_fails_soon(self, what):
        started = time.monotonic()
        result = self.run_container("-u", "eve", "--", "/bin/echo", "started", seconds=30)
        self.assert_refused(result)
        self.assertLess(time.monotonic() - started, 10, what)

    def replace(self, name):
        path = self.inside("etc/" + name)
        if os.path.lexists(path):
            os.unlink(path)
        return path

    def test_T26_no_file_but_a_plain_small_one(self):
        host_file = os.path.join(self.folder, "passwd")
        put(host_file, "eve:x:7:7::/:/bin/sh\n")

        def bound_socket(path):
            with socket.socket(socket.AF_UNIX) as server:
                here = os.open(os.path.dirname(path), os.O_PATH)
                server.bind(f"/proc/self/fd/{here}/{os.path.basename(path)}")
                os.close(here)

        def sparse(path):
            put(path, "eve:x:7:7::/:/bin/sh\n")
            os.truncate(path, 10 << 30)

        kinds = {"fifo": os.mkfifo, "sparse": sparse, "zero": lambda p: os.mknod(p, 0o20666, os.makedev(1, 5)), "socket": bound_socket,
                 "host, absolute": lambda p: os.symlink(host_file, p), "host": lambda p: os.symlink("../../passwd", p),
                 "magic": lambda p: os.symlink("/proc/self/fd/0", p), "loop": lambda p: os.symlink("passwd", p)}
        for what, make in kinds.items():
            with self.subTest(what):
                make(self.replace("passwd"))
                self.assert_fails_soon(what)
        self.assertEqual(os.stat(host_file).st_size, len("eve:x:7:7::/:/bin/sh\n"))

    def test_T26_group_file(self):
        put(self.inside("etc/passwd"), "eve:x:7:7::/:/bin/sh\n")
        os.mkfifo(self.replace("group"))
        started = time.monotonic()
        self.run_container("-u", "eve:staff", "--", "/bin/true", seconds=30)
        self.run_container("-u", "eve", "--", "/bin/true", seconds=30)
        self.assertLess(time.monotonic() - started, 20)


class Owners(Case):
    def test_made_files_belong_to_the_owner_of_the_source(self):
        for owner in (0, 1000):
            source = self.source(f"of-{owner}", owner)
            self.output("-v", f"{source}:/v", "--", "/bin/sh", "-c", "touch /v/file && mkdir /v/folder && touch /v/folder/deep")
            for name in ("file", "folder", "folder/deep"):
                stat = os.stat(os.path.join(source, name))
                self.assertEqual((stat.st_uid, stat.st_gid), (owner, owner), name)

    def test_setuid_bits_made_inside(self):
        for owner in (0, 1000):
            source = self.source(f"of-{owner}", owner)
            self.output("-v", f"{source}:/v", "--", "/bin/sh", "-c", "cp /bin/probe /v/suid && chmod 6755 /v/suid")
            stat = os.stat(os.path.join(source, "suid"))
            self.assertEqual((stat.st_uid, stat.st_gid), (owner, owner))
            loose = ["-u", "1000:1000", "--security-opt", "no-new-privileges=false"]
            ids = self.output(*loose, "-v", f"{source}:/v", "--", "/v/suid", "ids")
            self.assertEqual(ids, "1000 1000 1000 1000\n", "a bind mount must be nosuid inside")
            mounts = self.output("-v", f"{source}:/v", "--", "/bin/cat", "/proc/self/mountinfo")
            options = next(line.split(" ")[5].split(",") for line in mounts.splitlines() if line.split(" ")[4] == "/v")
            self.assertLessEqual({"nosuid", "nodev"}, set(options))

    def test_no_new_privileges_stops_setuid_bits_of_the_root(self):
        shutil.copy(PROBE, self.inside("bin/suid"))
        os.chmod(self.inside("bin/suid"), 0o4755)
        loose = ["--security-opt", "no-new-privileges=false"]
        self.assertEqual(self.output("-u", "1000:1000", "--", "/bin/suid", "ids"), "1000 1000 1000 1000\n")
        self.assertEqual(self.output("-u", "1000:1000", *loose, "--", "/bin/suid", "ids"), "1000 0 1000 1000\n")

    def test_idmap_off_is_the_raw_view(self):
        source = self.source()
        put(os.path.join(source, "file"), "x")
        os.chmod(os.path.join(source, "file"), 0o644)
        option = ["-v", f"{source}:/v:idmap=off"]
        line = self.output(*option, "--", "/bin/probe", "stat", "/v/file").split(" ")
        self.assertEqual(line[2:4], ["65534", "65534"])
        self.assertNotEqual(self.shell("echo y >/v/file", *option).returncode, 0)
        self.assertNotEqual(self.shell("echo y >/v/made", *option).returncode, 0)
        self.assertEqual(os.listdir(source), ["file"])

    def test_a_source_that_can_not_be_idmapped(self):
        for name in ("lower", "upper", "work", "merged"):
            os.mkdir(os.path.join(self.folder, name))
        script = ('cd "$1" && shift && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged && exec "$@"')
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", self.folder,
                   *self.command("-v", f"{self.folder}/merged:/v", "--", "/bin/echo", "started")]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)
        self.assert_refused(result, "overlay")


if __name__ == "__main__":
    main()
