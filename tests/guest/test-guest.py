#!/usr/bin/env python3
"""What the driver makes of the guest's records, and that a guest which fails, stops early or says nothing fails the test."""
import contextlib
import io
import subprocess
import tempfile
import unittest
from unittest import mock

import guest

# the second job prints what looks like a record
TWO = b"job two 0 1.0 2.0 0\nend\nx"
WHOLE = b"boot 6.1 4.25\njob one 0 4.5 5.0 4\nabc\njob two 3 5.0 7.5 %d\n%send\n" % (len(TWO), TWO)


class Records(unittest.TestCase):
    def test_output_is_taken_by_its_size(self):
        release, booted, records, complete = guest.parse(WHOLE)
        self.assertEqual((release, booted, complete), ("6.1", 4.25, True))
        self.assertEqual(records, {"one": (0, 0.5, b"abc\n"), "two": (3, 2.5, TWO)})

    def test_a_cut_stream_is_incomplete(self):
        for size in range(len(WHOLE)):
            self.assertFalse(guest.parse(WHOLE[:size])[3], size)


class Command(unittest.TestCase):
    def test_any_character_arrives(self):
        words = ["printf", "%s|", "a b", "two\nlines\n", "tab\there", "'quoted'\n", "$HOME", ""]
        line = guest.one_line(words)
        self.assertNotRegex(line, "[\\n\\t]")
        result = subprocess.run(["busybox", "sh", "-c", line], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(result.stdout, "|".join(words[2:]) + "|")


class Verdict(unittest.TestCase):
    def verdict(self, records, ended=True, jobs="one\t1\ttrue\ntwo\t1\ttrue\n"):
        with tempfile.NamedTemporaryFile("w") as file, contextlib.redirect_stdout(io.StringIO()) as output:
            file.write(jobs)
            file.flush()
            with mock.patch.object(guest, "run", return_value=(records, ended)):
                return guest.run_tests("/build", file.name), output.getvalue()

    def test_all_well(self):
        code, output = self.verdict({"one": (0, 1.0, b"hello"), "two": (0, 1.0, b"")})
        self.assertEqual(code, 0)
        self.assertIn("hello", output)

    def test_one_failed(self):
        for failure in (1, 77, 137):
            code, output = self.verdict({"one": (0, 1.0, b""), "two": (failure, 1.0, b"reason")})
            self.assertEqual(code, 1)
            self.assertIn(f"two: FAILED with {failure}", output)
            self.assertIn("reason", output)

    def test_one_missing(self):
        code, output = self.verdict({"one": (0, 1.0, b"")})
        self.assertEqual(code, 1)
        self.assertIn("two: NOT RUN", output)

    def test_no_end(self):
        self.assertEqual(self.verdict({"one": (0, 1.0, b""), "two": (0, 1.0, b"")}, ended=False)[0], 1)

    def test_no_jobs(self):
        self.assertEqual(self.verdict({}, jobs="")[0], 1)


class Machine(unittest.TestCase):
    """With a process in qemu's place."""

    def run_for(self, seconds, writes, quiet, deadline=10):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/console"
            script = f"for i in $(seq {seconds}); do {'echo >>' + path if writes else ':'}; sleep 1; done; exit 3"
            with mock.patch.object(guest, "DEADLINE", deadline), contextlib.redirect_stderr(io.StringIO()):
                return guest.run_machine(["sh", "-c", script], None, [path], quiet)

    def test_one_that_says_something_goes_on(self):
        self.assertEqual(self.run_for(3, True, 2), 3)

    def test_one_that_stands_still_is_ended(self):
        self.assertRaises(guest.Standstill, self.run_for, 60, False, 1)

    def test_one_that_never_ends_is_ended(self):
        self.assertEqual(self.run_for(60, True, 30, deadline=2), -1)

    def test_it_is_started_twice_and_no_more(self):
        with contextlib.redirect_stderr(io.StringIO()):
            with mock.patch.object(guest, "run", side_effect=[guest.Standstill, ({}, True)]) as run:
                self.assertEqual(guest.run_twice("/build", []), ({}, True))
                self.assertEqual(run.call_count, 2)
            with mock.patch.object(guest, "run", side_effect=guest.Standstill):
                self.assertRaises(guest.Standstill, guest.run_twice, "/build", [])


unittest.main()
