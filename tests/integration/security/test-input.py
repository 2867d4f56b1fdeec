"""Input without measure: a clear error in bounded memory and time, and nothing made."""
from cases import *

MEMORY = 512 * 1024  # KiB, of cvctl


class Bounds(Case):
    def refused(self, *options, what):
        started = time.monotonic()
        with open(os.path.join(self.folder, "said"), "w+") as said:
            process = subprocess.Popen([CVCTL, "run", "--rootfs", self.root, *options, "--", "/bin/echo", "started"],
                                       stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read()
        self.assertEqual(process.returncode, OURS, text[-500:])
        self.assertNotIn("started", text)
        self.assertIn(what, text)
        self.assertLess(len(text), 10000)
        self.assertLess(time.monotonic() - started, DEADLINE / 2)
        self.assertLess(usage.ru_maxrss, MEMORY)

    def lines(self, count, text):
        path = os.path.join(self.folder, "lines")
        with open(path, "w") as file:
            for number in range(count):
                file.write(text % number)
        return path

    def test_T33_environment(self):
        self.refused("--env-file", self.lines(1000000, "V%d=x\n"), what="env")

    def test_T33_one_long_variable(self):
        self.refused("--env-file", self.lines(1, "V%d=" + "x" * (20 << 20) + "\n"), what="env")

    def test_T33_system_call_profile(self):
        deep = os.path.join(self.folder, "deep.json")
        put(deep, "[" * 200000)
        self.refused("--security-opt", f"seccomp={deep}", what="deep")
        large = os.path.join(self.folder, "large.json")
        put(large, '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [' + '{"names": ["read"], "action": "SCMP_ACT_ALLOW"},' * 400000 + "{}]}")
        self.refused("--security-opt", f"seccomp={large}", what="large.json")

    def test_T33_mounts(self):
        options = []
        for number in range(5000):
            options += ["--tmpfs", f"/m/{number}"]
        self.refused(*options, what="4096")

    def test_T33_the_bounds_are_seen(self):
        """With little it works: what refuses above is the measure."""
        result = self.run_container("--env-file", self.lines(100, "V%d=x\n"), "--", "/bin/echo", "started")
        self.assertEqual((result.returncode, result.stdout), (0, "started\n"), result.stderr)


if __name__ == "__main__":
    main()
