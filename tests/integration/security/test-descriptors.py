"""What of ours a container's program could get hold of: descriptors, the binary, PID 1, programs that the host would run for it."""
import hashlib

from cases import *

OURS_ON_DISK = [CVCTL, GUARDIAN, os.path.join(BUILD, "lib", "libcontainerv.so")]
REFUSED = ("EACCES", "EPERM")


def digests():
    found = {}
    for path in OURS_ON_DISK:
        with open(path, "rb") as file:
            found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


class Descriptors(Case):
    def test_T1_exactly_three(self):
        for options in ([], ["--no-init"], ["-u", "1000:1000"], ["--share", "users"], ["--network", "host"], ["-v", f"{self.source()}:/v"]):
            self.assertEqual(self.output(*options, "--", "/bin/probe", "fds"), "0\n1\n2\n", options)

    def test_T1_with_descriptors_of_the_caller(self):
        handle = os.open(self.marker, os.O_RDONLY)
        self.addCleanup(os.close, handle)
        os.dup2(handle, 77)
        self.addCleanup(os.close, 77)
        self.assertEqual(self.output("--", "/bin/probe", "fds", pass_fds=[handle, 77]), "0\n1\n2\n")

    def test_T2_working_folder_through_a_descriptor(self):
        for number in range(3, 51):
            result = self.run_container("-w", f"/proc/self/fd/{number}", "--", "/bin/echo", "started")
            self.assertNotIn("started", result.stdout, number)
            self.assertNotEqual(result.returncode, 0, number)

    def test_T2_of_another_process(self):
        for path in ("/proc/1/fd/3", "/proc/1/root", "/proc/1/cwd", "/proc/self/fd/3/../..", "/proc/thread-self/fd/4"):
            result = self.run_container("-w", path, "--", "/bin/echo", "started")
            self.assertNotIn("started", result.stdout, path)
            self.assertNotEqual(result.returncode, 0, path)


class Binary(Case):
    def test_T3_entrypoint_is_ourselves(self):
        before = digests()
        for name, line in (("self", "#!/proc/self/exe\n"), ("arguments", "#!/proc/self/exe /etc/passwd\n"), ("one", "#!/proc/1/exe\n")):
            put(self.inside(name), line)
            os.chmod(self.inside(name), 0o755)
            for options in ([], ["--no-init"], ["--share", "users"]):
                result = self.run_container(*options, "--", "/" + name)
                self.assertNotEqual(result.returncode, 0, (name, options, result.stdout))
        self.assertEqual(digests(), before)

    def test_T3_entrypoint_is_a_link_to_it(self):
        before = digests()
        os.symlink("/proc/self/exe", self.inside("link"))
        for options in ([], ["--no-init"], ["--share", "users"]):
            for program in ("/link", "/proc/self/exe", "/proc/1/exe"):
                result = self.run_container(*options, "--", program)
                self.assertNotEqual(result.returncode, 0, (program, options, result.stdout))
        self.assertEqual(digests(), before)

    def test_T4_nothing_of_pid_1_can_be_read(self):
        files = [f"/proc/1/{name}" for name in ("mem", "environ", "maps", "smaps", "auxv", "exe", "syscall", "stack")]
        links = [f"/proc/1/{name}" for name in ("exe", "cwd", "root", "fd/0", "fd/3", "ns/mnt")]
        for options in ([], ["--share", "users"], ["-u", "1000:1000"], ["--cap-add", "SYS_PTRACE"]):
            for path, what in self.probe("read", *files, options=options).items():
                self.assertIn(what, REFUSED + ("ENOENT",), (path, options))
            for path, what in self.probe("readlink", *links, options=options).items():
                self.assertIn(what, REFUSED + (("ENOENT",) if "/fd/" in path else ()), (path, options))  # there is no such descriptor
            self.assertEqual(self.probe("read", "/proc/self/environ", options=options)["/proc/self/environ"], "READ")

    def test_T4_our_binary_can_not_be_opened_for_writing(self):
        before = digests()
        for options in ([], ["--share", "users"], ["--cap-add", "SYS_PTRACE"]):
            for path, what in self.probe("write", "/proc/1/exe", options=options).items():
                self.assertIn(what, REFUSED + ("ENOENT", "ETXTBSY"), (path, options))
        self.assertEqual(digests(), before)


class HostPrograms(Case):
    def test_T24_nothing_of_the_root_is_run_but_what_was_asked_for(self):
        for name in ("lib/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1", "lib/ld-musl-x86_64.so.1",
                     "lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libnss_files.so.2", "usr/bin/mount", "usr/bin/ip",
                     "sbin/init", "bin/newuidmap", "bin/nsenter", "usr/sbin/ldconfig", "sbin/modprobe"):
            os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
            shutil.copy(EVIL, self.inside(name))
        self.output("-u", "bob", "--hostname", "box", "-v", f"{self.source()}:/v", "--tmpfs", "/t", "--", "/bin/true")
        self.assertFalse(os.path.exists(self.inside("evil-ran")))
        self.assertFalse(os.path.exists("/evil-ran"))
        self.assertNotEqual(self.run_container("--", "no-such-program").returncode, 0)
        self.assertFalse(os.path.exists(self.inside("evil-ran")))
        # the marker works: a program that needs the loader runs it
        shutil.copy(os.path.realpath("/bin/true"), self.inside("bin/dynamic"))
        self.run_container("--", "/bin/dynamic")
        self.assertTrue(os.path.exists(self.inside("evil-ran")))


if __name__ == "__main__":
    main()
