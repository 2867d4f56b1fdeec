"""Copies in and out of a container that works against them: the host's files are neither read nor written in its stead."""
import stat

from cases import *

SECRET = "as it was\n"


class Copies(Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.inside("data"))
        os.mkdir(os.path.join(self.folder, "out"))
        self.name = "copies-" + os.path.basename(self.folder).rsplit("-", 1)[1].replace("_", "x")

    def out(self, path=""):
        return os.path.join(self.folder, "out", path)

    def serve(self, script="sleep 1000", *options):
        """The container runs and has got to the end of `script` but for a last command that stays."""
        process = self.start("--name", self.name, *options, "--", "/bin/sh", "-c", f"cd /data; echo up; {script}")
        self.assertEqual(process.stdout.readline(), "up\n")
        # the program may be quicker than the socket by which others reach the container
        poll(lambda: "there is no container" not in self.cp(f"{self.name}:/missing", self.out()).stderr, "it can't be reached")
        return process

    def cp(self, *args, seconds=DEADLINE):
        return subprocess.run([CVCTL, "cp", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)

    def assert_no_secret(self, folder):
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path) as file:
                        self.assertNotIn(SECRET, file.read(), path)

    # With CV_ROUNDS=500 these are 765 copies out and 1071 in.

    def make_swaps(self, to):
        """/data/a is a folder or a link out of the root, /data/f/canary a file or a link out of it."""
        for folder in ("a", "f"):
            os.mkdir(self.inside("data/" + folder))
            put(self.inside(f"data/{folder}/canary"), "inside\n")
        os.symlink(to, self.inside("data/b"))
        os.symlink(os.path.join(to, "canary"), self.inside("data/f/link"))

    def test_T21_swaps_while_copying_out(self):
        for to in self.links_to_marker(depth=2):
            self.make_swaps(to)
            process = self.serve("probe swap /data a b & exec probe swap /data/f canary link")
            came = 0
            for number in range(ROUNDS // 10 + 1):
                for path in ("a/canary", "f/canary", "a/.", "f/.", "."):
                    target = self.out(f"{number}-{path.replace('/', '-')}")
                    result = self.cp("-L" if number % 2 else "-a", f"{self.name}:/data/{path}", target)
                    came += result.returncode == 0
                self.assert_no_secret(self.out())
                shutil.rmtree(self.out())
                os.mkdir(self.out())
            self.assertGreater(came, 0, "no copy ever came through")
            self.assert_still_swapping(process)
            self.assert_untouched()
            shutil.rmtree(self.inside("data"))
            os.mkdir(self.inside("data"))

    def assert_still_swapping(self, process):
        self.assertIsNone(process.poll(), "the swap has ended by itself")
        self.stop(process)

    def test_T21_swaps_while_copying_in(self):
        source = self.source()
        put(os.path.join(source, "canary"), "from outside\n")
        put(os.path.join(source, "a/canary"), "from outside\n")
        put(os.path.join(source, "f/canary"), "from outside\n")
        for to in self.links_to_marker(depth=2):
            self.make_swaps(to)
            process = self.serve("probe swap /data a b & exec probe swap /data/f canary link")
            came = 0
            for number in range(ROUNDS // 10 + 1):
                for target in ("a/canary", "a/", "a/new", "f/canary", f"a/{number}/", "b"):
                    came += self.cp("-a", os.path.join(source, "canary"), f"{self.name}:/data/{target}").returncode == 0
                came += self.cp(source + "/.", f"{self.name}:/data").returncode == 0
                self.assert_untouched()
            self.assertGreater(came, 0, "no copy ever came through")
            self.assert_still_swapping(process)
            shutil.rmtree(self.inside("data"))
            os.mkdir(self.inside("data"))

    def test_T21_swaps_in_a_folder_that_is_shared_with_the_host(self):
        """Below the path that was given, the host's side follows no link either."""
        for to in self.links_to_marker(depth=2):
            self.make_swaps(to)
            for folder in ("a", "f"):
                put(self.inside(f"from/{folder}/canary"), "from inside\n")
            shared = os.path.join(self.folder, "shared")
            os.rename(self.inside("data"), shared)
            os.mkdir(self.inside("data"))
            process = self.serve("probe swap /data a b & exec probe swap /data/f canary link", "-v", shared + ":/data")
            for number in range(ROUNDS // 10 + 1):
                self.cp(shared + "/.", f"{self.name}:/tmp/{number}")
                self.cp(f"{self.name}:/from/.", shared)
                self.assert_untouched()
            self.assert_no_secret(self.inside("tmp"))
            self.assertGreater(len(os.listdir(self.inside("tmp"))), 0)
            self.assert_still_swapping(process)
            shutil.rmtree(shared)
            shutil.rmtree(self.inside("from"))

    def refused_in_a_second(self, path, *words):
        begin = time.monotonic()
        result = self.cp(f"{self.name}:{path}", self.out("x"))
        self.assertLess(time.monotonic() - begin, 1, path)
        self.assert_refused(result, *words)
        self.assertEqual(os.listdir(self.out()), [], path)

    def test_T22_what_is_no_file(self):
        os.mkfifo(self.inside("data/fifo"))
        os.mknod(self.inside("data/socket"), stat.S_IFSOCK | 0o600)
        os.mknod(self.inside("data/zero"), stat.S_IFCHR | 0o666, os.makedev(1, 5))
        self.serve()
        self.refused_in_a_second("/data/fifo", "FIFO")
        self.refused_in_a_second("/data/socket", "socket")
        self.refused_in_a_second("/data/zero", "character device")
        self.refused_in_a_second("/dev/zero", "character device")
        for path in ("/proc/kmsg", "/proc/self/environ", "/proc/version", "/proc/1/root/etc/passwd", "/proc/kcore", "/proc",
                     "/sys/kernel/notes", "/sys"):
            self.refused_in_a_second(path)
        self.assert_untouched()

    def test_T22_fifos_and_devices_in_a_tree_or_in_the_way(self):
        os.mkfifo(self.inside("data/fifo"))
        put(self.inside("data/file"), "inside\n")
        put(self.out("new"), "new\n")
        self.serve()
        result = self.cp(f"{self.name}:/data", self.out("tree"), seconds=5)
        self.assertIn("FIFO", result.stderr)
        self.assertEqual(os.listdir(self.out("tree")), ["file"])
        self.assertEqual(self.cp(self.out("new"), f"{self.name}:/data/fifo", seconds=5).returncode, 0)
        with open(self.inside("data/fifo")) as file:
            self.assertEqual(file.read(), "new\n")
        self.assertEqual(self.cp(self.out("new"), f"{self.name}:/proc/self/comm", seconds=5).returncode, OURS)
        self.assertEqual(self.cp(self.out("new"), f"{self.name}:/sys/", seconds=5).returncode, OURS)
        os.mkfifo(self.out("pipe"))
        self.assertEqual(self.cp(f"{self.name}:/data/file", self.out("pipe"), seconds=5).returncode, 0)
        with open(self.out("pipe")) as file:
            self.assertEqual(file.read(), "inside\n")

    def test_T22_files_and_folders_without_end(self):
        self.serve("(while :; do cat /bin/busybox; done >grow) & i=0; while :; do i=$((i+1)); : >n$i; done")
        for number in range(5):
            result = self.cp(f"{self.name}:/data/grow", self.out("grow"), seconds=20)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.cp(f"{self.name}:/data/.", self.out("all"), seconds=30)
        self.assertIn("grow", os.listdir(self.out("all")))

    def test_T23_setuid_stays_inside(self):
        put(self.inside("data/s"), "x")
        self.serve("chmod 6755 s; sleep 1000")
        poll(lambda: os.stat(self.inside("data/s")).st_mode & 0o6000, "chmod was not run")
        for option in ("-a", "-L"):
            self.assertEqual(self.cp(option, f"{self.name}:/data/s", self.out("s")).returncode, 0)
            self.assertEqual(os.stat(self.out("s")).st_mode & 0o7777, 0o755)

    def test_T24_nothing_of_the_root_runs(self):
        for path in ("lib/x86_64-linux-gnu/libnss_files.so.2", "lib64/ld-linux-x86-64.so.2", "lib/libc.so.6", "usr/bin/tar", "bin/tar"):
            put(self.inside(path))
            shutil.copy(EVIL, self.inside(path))
            os.chmod(self.inside(path), 0o755)
        self.serve()
        put(self.out("f"), "x")
        self.assertEqual(self.cp(self.out("f"), f"{self.name}:/data/").returncode, 0)
        self.assertEqual(self.cp(f"{self.name}:/data/f", self.out("g")).returncode, 0)
        self.assert_untouched()

    def test_a_helper_is_not_seen_and_ends_with_the_container(self):
        process = self.serve("head -c 900000000 /dev/zero >big; echo made; sleep 1000")
        self.assertEqual(process.stdout.readline(), "made\n")
        copy = subprocess.Popen([CVCTL, "cp", f"{self.name}:/data/big", self.out("big")], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.stop(process)
        copy.communicate(timeout=DEADLINE)
        self.assertIn(copy.returncode, (0, OURS))
        if copy.returncode != 0 and os.listdir(self.out()) != []: # all of it had come, and only the last word was missing
            self.assertEqual(os.listdir(self.out()), ["big"])
            self.assertEqual(os.stat(self.out("big")).st_size, 900000000)


if __name__ == "__main__":
    main()
