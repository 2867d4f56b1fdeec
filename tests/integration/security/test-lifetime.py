"""A killed cvctl, a killed guardian, or both: nothing of the container stays."""
import signal
import uuid

from cases import *

RUN_DIR = os.environ.get("CONTAINERV_RUN_DIR") or "/run/containerv"
SCRIPT = "sleep 600 & sleep 600 & (sleep 600 & sleep 600) & trap '' TERM INT HUP; echo ready; while :; do sleep 1; done"


def table():
    """Parent, start time and state of each process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
                found[int(name)] = (int(fields[1]), fields[19], fields[0])
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended
    return found


def below(pid):
    """Start times of all descendants by pid."""
    processes, found = table(), [pid]
    for parent in found:
        found += [child for child, row in processes.items() if row[0] == parent]
    return {child: processes[child][1] for child in found[1:]}


def cgroups(name):
    """Every group of that container, in whatever hierarchy."""
    found = []
    for folder, children, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(folder, child) for child in children if name in child]
    return found


class Killed(Case):
    def begin(self, *options):
        self.name = "sec-" + uuid.uuid4().hex[:12]
        before = guardians()
        self.process = self.start("--name", self.name, *options, "--", "/bin/sh", "-c", SCRIPT)
        self.assertEqual(self.process.stdout.readline(), "ready\n", self.process.poll())
        new = guardians() - before
        self.guardian, = (pid for pid in new if table()[pid][0] not in new)  # the others are its forks
        self.all = poll(lambda: self.started(), "all have started")
        self.assertTrue(os.path.exists(self.run_folder()))

    def started(self):
        found = {self.guardian: table()[self.guardian][1], **below(self.guardian)}
        return found if len(found) >= 6 else None

    def run_folder(self):
        return os.path.join(RUN_DIR, "c-" + self.name)

    def left(self):
        """Processes that still run (not those that only wait to be collected), groups and the folder."""
        processes = table()
        running = [pid for pid, start in self.all.items() if pid in processes and processes[pid][1] == start and processes[pid][2] not in "ZX"]
        return running + cgroups(self.name) + [p for p in (self.run_folder(),) if os.path.exists(p)]

    def assert_gone(self, seconds=20):
        poll(lambda: not self.left(), self.left, seconds)

    def each(self, test):
        for options in ([], ["--no-init"], ["--share", "users"], ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]):
            with self.subTest(options=options):
                self.begin(*options)
                test()

    def test_caller_is_killed(self):
        def kill():
            os.kill(self.process.pid, signal.SIGKILL)
            self.assert_gone()
        self.each(kill)

    def test_guardian_is_killed(self):
        def kill():
            os.kill(self.guardian, signal.SIGKILL)
            self.assertNotEqual(self.process.wait(timeout=20), 0)
            self.output("--", "/bin/true")  # a next one cleans up what only a guardian can
            self.assert_gone()
        self.each(kill)

    def test_both_are_killed(self):
        def kill():
            for pid in (self.process.pid, self.guardian):  # stopped first: neither sees the other's end
                os.kill(pid, signal.SIGSTOP)
            for pid in (self.process.pid, self.guardian):
                os.kill(pid, signal.SIGKILL)
            self.process.wait(timeout=20)
            poll(lambda: not [what for what in self.left() if isinstance(what, int)], self.left)
            self.output("--", "/bin/true")
            self.assert_gone()
        self.each(kill)

    def test_interrupted(self):
        def kill():
            for _ in range(2):
                self.process.send_signal(signal.SIGINT)
            self.process.send_signal(signal.SIGTERM)
            self.process.kill() if self.never_ends() else None
            self.assert_gone()
        self.each(kill)

    def never_ends(self):
        """The program ignores the signals that cvctl passes on, which is its right; then only a kill is left."""
        try:
            self.process.wait(timeout=3)
            return False
        except subprocess.TimeoutExpired:
            return True


if __name__ == "__main__":
    main()
