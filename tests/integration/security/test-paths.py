"""Links and races in the root: no mount, file or folder of ours may come to be outside of it."""
from cases import *

PROC_MAGIC = "9fa0"


class Destinations(Case):
    def test_T5_mounts_over_proc(self):
        source = self.source()
        os.makedirs(os.path.join(source, "self/attr"))
        put(os.path.join(source, "self/attr/exec"))
        for target in ("/proc", "/proc/", "//proc", "/proc/../proc", "/proc/self", "/proc/self/attr", "/proc/sys", "/proc/1"):
            for option in (["-v", f"{source}:{target}"], ["--tmpfs", target], ["--mount", f"type=tmpfs,target={target}"]):
                result = self.run_container(*option, "--", "/bin/probe", "type", "/proc", "/proc/self", "/proc/self/attr", "/proc/sys")
                if result.returncode == OURS:
                    self.assertIn("proc", result.stderr)
                    continue
                self.assertEqual(result.returncode, 0, (option, result.stderr))
                types = {line.split(" ")[1] for line in result.stdout.splitlines()}
                self.assertEqual(types, {PROC_MAGIC}, (option, result.stdout))

    def test_T5_link_to_proc(self):
        os.symlink("/proc", self.inside("p"))
        for target in ("/p", "/p/self", "/p/sys"):
            result = self.run_container("--tmpfs", target, "--", "/bin/probe", "type", "/proc", "/proc/sys")
            if result.returncode != OURS:
                self.assertNotIn("1021994", result.stdout)

    def test_T13_proc_or_sys_is_a_link(self):
        for name in ("proc", "sys"):
            for to in ("/tmp", "tmp", *self.links_to_marker()):
                path = self.inside(name)
                os.rmdir(path)
                os.symlink(to, path)
                for root in (self.root, self.root + ":O"):
                    self.assert_refused(self.run_container("--", "/bin/echo", "started", root=root), name)
                os.unlink(path)
                os.mkdir(path)
        self.assert_untouched()

    def test_T13_proc_or_sys_is_a_file(self):
        for name in ("proc", "sys"):
            os.rmdir(self.inside(name))
            put(self.inside(name))
            self.assert_refused(self.run_container("--", "/bin/echo", "started"), name)
            os.unlink(self.inside(name))
            os.mkdir(self.inside(name))

    def test_T28_mount_point_replaced_before_the_end(self):
        os.mkdir(os.path.join(self.marker, "point"))
        put(os.path.join(self.marker, "point/kept"), "as it was\n")
        for to in self.links_to_marker():
            script = f"mv /made /moved && ln -s {to} /made && ls -d /moved/point"
            for options in (["-v", f"{self.folder}:/made/point"], ["--tmpfs", "/made/point"]):
                result = self.shell(script, *options)
                self.assertIn("point", result.stdout, result.stderr)
                with open(os.path.join(self.marker, "point/kept")) as file:
                    self.assertEqual(file.read(), "as it was\n")
                self.assertEqual(sorted(os.listdir(self.marker)), ["canary", "point"])
                for name in ("made", "moved"):
                    subprocess.run(["rm", "-rf", self.inside(name)], check=True)


class Devices(Case):
    def test_T8_dev_null_is_a_link(self):
        with open("/proc/sys/kernel/core_pattern") as file:
            before = file.read()
        for to in ("/proc/sys/kernel/core_pattern", *self.links_to_marker("/canary", 2)):
            os.symlink(to, self.inside("dev/null"))
            for root in (self.root, self.root + ":O"):
                result = self.shell("echo x >/dev/null; probe stat /dev/null; probe read /proc/kcore /proc/timer_list", root=root)
                if result.returncode != OURS:
                    self.assertIn("1:3", result.stdout, result.stderr)
                    self.assertNotIn("READ", result.stdout)
            os.unlink(self.inside("dev/null"))
        with open("/proc/sys/kernel/core_pattern") as file:
            self.assertEqual(file.read(), before)
        self.assert_untouched()

    def test_T9_dev_is_a_link(self):
        os.rmdir(self.inside("dev"))
        for to in self.links_to_marker():
            os.symlink(to, self.inside("dev"))
            for root in (self.root, self.root + ":O"):
                result = self.run_container("--", "/bin/true", root=root)
                self.assertIn(result.returncode, (0, OURS), result.stderr)
                self.assert_untouched()
            os.unlink(self.inside("dev"))

    def test_T10_console_and_terminal_are_links(self):
        os.mkdir(self.inside("dev/pts"))
        for name, depth in (("console", 2), ("pts/0", 3), ("ptmx", 2), ("tty", 2), ("fd", 2), ("stdin", 2), ("shm", 2), ("mqueue", 2)):
            for to in self.links_to_marker("/canary", depth):
                os.symlink(to, self.inside("dev/" + name))
                terminal = Terminal("--rootfs", self.root, "-t", "--", "/bin/sh", "-c", "echo typed; echo x >/dev/console")
                self.addCleanup(terminal.close)
                self.assertIn(terminal.end(), (0, 1, OURS), terminal.output)
                self.assertEqual(self.run_container("--", "/bin/true").returncode, 0)
                self.assert_untouched()
                os.unlink(self.inside("dev/" + name))


class WrittenFiles(Case):
    NAMES = ("etc/hosts", "etc/resolv.conf", "etc/hostname", "etc/mtab", ".dockerenv", "run/.containerenv", ".krun_config.json")

    def test_T16_files_that_we_write_are_links(self):
        for name in self.NAMES:
            os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
            for to in self.links_to_marker("/canary", 1 + name.count("/")) + self.links_to_marker("/made", 1 + name.count("/")):
                subprocess.run(["rm", "-rf", self.inside(name)], check=True)  # made by a run before
                os.symlink(to, self.inside(name))
                for root in (self.root, self.root + ":O"):
                    for network in ("none", "host"):
                        result = self.run_container("--hostname", "box", "--network", network, "--", "/bin/true", root=root)
                        self.assertIn(result.returncode, (0, OURS), result.stderr)
                        self.assert_untouched()

    def test_T16_etc_is_a_link(self):
        shutil.rmtree(self.inside("etc"))
        for to in self.links_to_marker():
            os.symlink(to, self.inside("etc"))
            for root in (self.root, self.root + ":O"):
                self.assertIn(self.run_container("--hostname", "box", "--", "/bin/true", root=root).returncode, (0, OURS))
                self.assert_untouched()
            os.unlink(self.inside("etc"))


class Races(Case):
    """T7 and T14: a folder on the way to the mount point is a link out of the root half of the time."""

    def swap(self, name, other):
        process = subprocess.Popen([PROBE, "swap", self.root, name, other], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def race(self, process, targets, *options):
        """Also without a user namespace: with one, who is root inside may not write to the marker anyway."""
        for kind in ([], ["--share", "users"]):
            done = 0
            for _ in range(ROUNDS):
                result = self.run_container(*kind, *options, "--", "/bin/cat", "/proc/self/mountinfo")
                self.assertIn(result.returncode, (0, OURS), result.stderr)
                if result.returncode == 0:
                    done += 1
                    for target in targets:  # each is a mount of its own somewhere in the container, by its last name
                        self.assertIn(f"/{target} ", result.stdout)
                self.assert_untouched()
            self.assertGreater(done, 0, kind)
            self.assertIsNone(process.poll(), "the swap has ended by itself")
            print(f"{done} of {ROUNDS} were made")

    def test_T7_T14_mount_destinations(self):
        os.mkdir(self.inside("a"))
        os.symlink(self.marker, self.inside("b"))
        self.race(self.swap("a", "b"), ["bound", "deep", "way"], "-v", f"{self.source()}:/a/bound",
                  "--tmpfs", "/a/memory/deep", "--tmpfs", "/b/other/way")

    def test_T7_T14_relative_link(self):
        os.mkdir(self.inside("a"))
        os.symlink("../marker", self.inside("b"))
        put(os.path.join(self.folder, "file"))
        self.race(self.swap("a", "b"), ["new-file", "new-folder"], "-v", f"{self.folder}/file:/a/new-file",
                  "--tmpfs", "/a/new-folder")

    def test_T7_devices_and_files_of_etc(self):
        os.symlink(self.marker, self.inside("dev2"))
        os.symlink("../marker", self.inside("etc2"))
        processes = [self.swap("dev", "dev2"), self.swap("etc", "etc2")]
        self.race(processes[0], [])
        self.assertIsNone(processes[1].poll())

    def test_T7_masked_and_read_only_paths(self):
        """Two folders change places: wherever the procfs is in the end, it has its masks, and what is read-only in it is."""
        os.mkdir(self.inside("proc2"))
        process = self.swap("proc", "proc2")
        # the two change places on and on, between the opens too
        script = ("probe read /proc/timer_list /proc2/timer_list; "
                  "while ! cat /proc/self/mountinfo 2>/dev/null && ! cat /proc2/self/mountinfo 2>/dev/null; do :; done")
        done = 0
        for _ in range(ROUNDS):
            result = self.shell(script)
            self.assertIn(result.returncode, (0, OURS), result.stderr)
            if result.returncode == OURS:
                continue
            done += 1
            lines = result.stdout.splitlines()
            for line in lines[:2]:
                self.assertIn(line.split(" ")[1], ("EMPTY", "ENOENT"), line)
            rows = [line.split(" ") for line in lines[2:]]
            read_only = [row for row in rows if row[3] in ("/sys", "/bus", "/fs", "/irq") and row[row.index("-") + 1] == "proc"]
            self.assertGreaterEqual({row[3] for row in read_only}, {"/sys"}, result.stdout)
            for row in read_only:
                self.assertEqual(row[5].split(",")[0], "ro", row)
        self.assertGreater(done, 0)
        self.assertIsNone(process.poll())
        print(f"{done} of {ROUNDS} were made")


if __name__ == "__main__":
    main()
