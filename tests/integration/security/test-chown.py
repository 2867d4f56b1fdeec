"""-v SRC:DST:U gives a source's files to the container's user: those, and nothing that lies outside of the source."""
import stat
import threading

from cases import *

BASE = "while read inside outside rest; do echo $outside; done </proc/self/uid_map"


class Owners(Case):
    def tree(self):
        """Every kind of file, one with a setuid bit, and links to what is outside."""
        source = self.source()
        put(os.path.join(source, "a/b/file"), "text\n")
        put(os.path.join(source, "suid"))
        os.chmod(os.path.join(source, "suid"), 0o6755)
        os.mkfifo(os.path.join(source, "fifo"))
        os.mknod(os.path.join(source, "null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.symlink(self.canary, os.path.join(source, "link"))
        os.symlink(self.marker, os.path.join(source, "a/folder-link"))
        os.symlink(self.marker, os.path.join(source, "a/b/again"))
        return source

    @staticmethod
    def owners(source):
        paths = [source]
        for folder, folders, files in os.walk(source):
            paths += [os.path.join(folder, name) for name in folders + files]
        return {(os.lstat(path).st_uid, os.lstat(path).st_gid) for path in paths}

    def test_all_belongs_to_the_user(self):
        for user, (uid, gid) in (([], (0, 0)), (["-u", "bob"], (1000, 1000)), (["-u", "bob:root"], (1000, 0)), (["-u", "7:9"], (7, 9))):
            source = self.tree()
            script = f"stat -c %u:%g /v /v/a/b/file /v/link; echo made >>/v/a/b/file || exit 3; {BASE}"
            lines = self.output("-v", f"{source}:/v:U", *user, "--", "/bin/sh", "-c", script).split()
            self.assertEqual(lines[:3], [f"{uid}:{gid}"] * 3)
            base = int(lines[3])
            self.assertGreaterEqual(base, 65536)
            self.assertEqual(self.owners(source), {(base + uid, base + gid)})
            self.assertEqual(os.stat(os.path.join(source, "suid")).st_mode & 0o7777, 0o755, "setuid bits go with the owner")
            with open(os.path.join(source, "a/b/file")) as file:
                self.assertEqual(file.read(), "text\nmade\n")
            self.assert_untouched()
            shutil.rmtree(source)

    def test_without_a_user_namespace_the_ids_are_the_hosts(self):
        source = self.tree()
        self.output("-v", f"{source}:/v:U", "--share", "users", "-u", "bob", "--", "/bin/true")
        self.assertEqual(self.owners(source), {(1000, 1000)})
        self.assert_untouched()

    def test_read_only_and_one_file(self):
        source = self.tree()
        result = self.shell(f"cat /v; echo x >>/v || {BASE}", "-v", f"{source}/a/b/file:/v:ro,U")
        self.assertEqual(result.stdout.split()[0], "text", result.stderr)
        self.assertEqual(os.stat(os.path.join(source, "a/b/file")).st_uid, int(result.stdout.split()[1]))
        self.assertEqual(os.stat(os.path.join(source, "a/b")).st_uid, 0)

    def test_refused(self):
        source = self.tree()
        for options in (["-v", f"{source}:/v:U,idmap=off"], ["-v", f"{source}:/v:U", "-u", "nobody-of-that-name"],
                        ["-v", f"{source}:/v:U", "-u", "65536:0"], ["-v", f"{source}:/v:U", "-v", f"{source}/missing:/w"]):
            result = self.run_container(*options, "--", "/bin/echo", "started")
            self.assertEqual((result.returncode, result.stdout), (OURS, ""), options)
            self.assertEqual(self.owners(source), {(0, 0)}, options)

    def test_depth_is_bounded_and_told(self):
        source = self.source()
        deep = os.path.join(source, *["d"] * 300)
        os.makedirs(deep)
        result = self.run_container("-v", f"{source}:/v:U", "--", "/bin/echo", "started")
        self.assertEqual((result.returncode, result.stdout), (OURS, ""))
        self.assertIn("256", result.stderr)
        self.assertIn(source, result.stderr)

    def test_a_file_that_can_not_be_changed_is_told(self):
        source = self.tree()
        path = os.path.join(source, "a/b/file")
        if subprocess.run(["chattr", "+i", path], capture_output=True).returncode != 0:
            self.skipTest("the build folder's filesystem has no immutable files")
        try:
            result = self.run_container("-v", f"{source}:/v:U", "--", "/bin/echo", "started")
        finally:
            subprocess.run(["chattr", "-i", path], check=True)
        self.assertEqual((result.returncode, result.stdout), (OURS, ""))
        self.assertIn(path, result.stderr)

    def in_own_mounts(self, script, *args):
        """The script, in a mount namespace with the test's folder as $1's place; "$@" runs the container."""
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", 'cd "$1"; shift; ' + script, "sh", self.folder, *args]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)

    def test_where_nothing_can_be_idmapped(self):
        for name in ("lower", "upper", "work", "merged"):
            os.mkdir(os.path.join(self.folder, name))
        put(os.path.join(self.folder, "lower/file"))
        script = 'mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged; "$@"'
        volume = f"{self.folder}/merged:/v"
        result = self.in_own_mounts(script, *self.command("-v", volume, "--", "/bin/echo", "started"))
        self.assertEqual(result.returncode, OURS)
        for word in ("overlay", "idmap=off", "SRC:DST:U"):
            self.assertIn(word, result.stderr)
        result = self.in_own_mounts(script, *self.command("-v", volume + ":U", "--", "/bin/stat", "-c", "%u", "/v", "/v/file"))
        self.assertEqual((result.returncode, result.stdout), (0, "0\n0\n"), result.stderr)
        self.assertEqual(os.stat(os.path.join(self.folder, "lower/file")).st_uid, 0)

    def test_what_is_mounted_below_is_left_alone(self):
        os.makedirs(os.path.join(self.folder, "mem"))
        script = ('mount -t tmpfs tmpfs mem; mkdir mem/below mem/own; mount -t tmpfs tmpfs mem/below; touch mem/below/file;'
                  ' "$@"; stat -c %u mem mem/own mem/below mem/below/file')
        result = self.in_own_mounts(script, *self.command("-v", f"{self.folder}/mem:/v:U", "--", "/bin/sh", "-c", BASE))
        self.assertEqual(result.returncode, 0, result.stderr)
        base, *owners = result.stdout.split()
        self.assertEqual(owners, [base, base, "0", "0"])


class Races(Case):
    def test_a_folder_that_becomes_a_link(self):
        source = self.source()
        for name in ("a", "b", "c"):
            put(os.path.join(source, name, "inner/canary"))
        os.symlink(self.marker, os.path.join(self.folder, "swap"))
        ended = threading.Event()

        def swap():
            while not ended.is_set():
                for name in ("a", "b/inner", "c/inner/canary"):
                    path = os.path.join(source, name)
                    os.rename(path, os.path.join(self.folder, "aside"))
                    os.rename(os.path.join(self.folder, "swap"), path)
                    os.rename(path, os.path.join(self.folder, "swap"))
                    os.rename(os.path.join(self.folder, "aside"), path)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for _ in range(ROUNDS if ROUNDS >= 500 else max(ROUNDS // 4, 10)):
                self.output("-v", f"{source}:/v:U", "--", "/bin/true")
        finally:
            ended.set()
            thread.join()
        self.assert_untouched()


if __name__ == "__main__":
    main()
