"""Run cvctl as a user does: with pipes, or on a terminal of its own."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

CVCTL = os.environ["CVCTL"]
ROOT = os.environ["CVCTL_TEST_ROOT"]  # options that give a root: "--debian bookworm"
DEADLINE = 60  # seconds; nothing here takes a tenth of it


def command(*args, root=None):
    return [CVCTL, "run", *(ROOT.split() if root is None else root), *args]


def run(*args, stdin=None, root=None, **more):
    """The finished `cvctl run ARGS`: returncode, stdout and stderr as text."""
    return subprocess.run(command(*args, root=root), input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          capture_output=True, text=True, timeout=DEADLINE, **more)


def cvctl(*args, stdin=None, **more):
    """The finished `cvctl ARGS`, whatever the command."""
    return subprocess.run([CVCTL, *args], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
                          text=True, timeout=DEADLINE, **more)


def start(*args, **more):
    return subprocess.Popen(command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **more)


def shell(script, *options, **more):
    return run(*options, "--", "/bin/sh", "-c", script, **more)


class Terminal:
    """cvctl on a pseudo terminal: what it prints is collected, what is typed arrives."""

    def __init__(self, *args, columns=100, rows=30, argv=None):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(command(*args) if argv is None else argv, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, preexec_fn=self._take)

    def _take(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read_some(self, timeout):
        if select.select([self.master], [], [], timeout)[0]:
            self.output += os.read(self.master, 65536)

    def expect(self, text):
        deadline = time.monotonic() + DEADLINE
        while text.encode() not in self.output:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} never came, but {self.output!r}")
            self.read_some(0.2)
        self.output = self.output.split(text.encode(), 1)[1]

    def end(self):
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"it does not end; {self.output!r}")
            self.read_some(0.05)
        self.read_some(0)
        return self.process.returncode

    def as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def error_of(result):
    """The one line of JSON on stderr."""
    return json.loads(result.stderr.strip().splitlines()[-1])


def wait_for_line(process, text):
    """The program says that it has come so far."""
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} never came: {process.stderr.read()!r}")


def finish(process):
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def main():
    unittest.main(verbosity=2)


__all__ = ["CVCTL", "DEADLINE", "ROOT", "Terminal", "command", "cvctl", "error_of", "finish", "json", "main", "os", "run", "shell", "signal", "start",
           "subprocess", "time", "unittest", "wait_for_line"]
