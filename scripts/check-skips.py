#!/usr/bin/env python3
"""Fail when a test was skipped that is not on the list of expected skips.

usage: check-skips.py EXPECTED-SKIPS RESULT.xml...

A result is what `ctest --output-junit` wrote; its file name (default, asan, coverage, windows) is the name of the run. Both kinds of skip
count: a program that ended with 77, and one test of a program of cmocka ("[  SKIPPED ] name") or of Python ("name (...) ... skipped"), which
is called PROGRAM/name.
"""
import os
import re
import sys
import xml.etree.ElementTree as xml

INNER = re.compile(r"^\[  SKIPPED \] (\w+)$|^(\w+) \([\w.]+\)[^\n]*(?:\n[^\n]*)? \.\.\. skipped ", re.MULTILINE)


def read_expected(path):
    """Lines `TEST reason`; TEST may start with `RUN:` and then is for that run only."""
    expected = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, _, reason = line.partition(" ")
            if not reason.strip():
                sys.exit(f"{path}:{number}: '{name}' has no reason")
            expected[name] = reason.strip()
    return expected


def skips_of(path):
    for case in xml.parse(path).getroot().iter("testcase"):
        name = case.get("name")
        if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield name
        for inner in INNER.finditer(case.findtext("system-out") or ""):
            yield f"{name}/{inner[1] or inner[2]}"


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    expected = read_expected(arguments[0])
    unexpected = []
    count = 0
    for path in arguments[1:]:
        run = os.path.splitext(os.path.basename(path))[0]
        for name in sorted(set(skips_of(path))):
            count += 1
            reason = expected.get(f"{run}:{name}") or expected.get(name)
            print(f"skipped in {run}: {name}: {reason or 'NOT EXPECTED'}")
            if not reason:
                unexpected.append(f"{run}:{name}")
    print(f"skips: {count}, of which {len(unexpected)} not expected")
    if unexpected:
        sys.exit(f"not in {arguments[0]}: {' '.join(unexpected)}")


main(sys.argv[1:])
