#!/usr/bin/env python3
"""Check that the options of `cvctl run` that the documents name are those that the program has.

usage: check-options.py CVCTL         README.md's list, between its marks, has each option of `CVCTL run --help` and no other; and what
                                      README.md, ARCHITECTURE.md, SECURITY.md and libs/containerv/README.md name after `cvctl run` is there
       check-options.py --self-test   check that each kind of finding is found
"""
import os
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
LIST = re.compile(r"<!-- options -->(.*?)<!-- end -->", re.DOTALL)
COMMAND = re.compile(r"cvctl run ([^`\n]*)")
OTHERS = ("README.md", "ARCHITECTURE.md", "SECURITY.md", "libs/containerv/README.md")


def of_help(text):
    """The first word of an option's line, after its short name."""
    return set(re.findall(r"^(?: {6}|  -\w, )(--[a-z-]+)", text, re.MULTILINE))


def findings(help_text, documents):
    known = of_help(help_text)
    if not known:
        yield "the help has no option"
    listed = LIST.search(documents["README.md"])
    if listed is None:
        yield "README.md: the list of options is not there"
        return
    named = set(OPTION.findall(listed.group(1)))
    for option in sorted(known - named):
        yield f"README.md: {option} is not in the list"
    for option in sorted(named - known):
        yield f"README.md: {option} is in the list, but cvctl run has no such option"
    for name, text in documents.items():
        for command in COMMAND.findall(text):
            own = re.split(r" -- ", command)[0]
            for option in sorted(set(OPTION.findall(own)) - known):
                yield f"{name}: cvctl run has no option {option}"


def self_test():
    help_text = "options:\n      --name NAME      id\n  -e, --env NAME   set --name too\n"
    marks = "<!-- options -->{}<!-- end -->"
    both = marks.format("`--name` `-e --env`")
    cases = [(help_text, both, 0), (help_text, marks.format("`--name`"), 1), (help_text, both + " `cvctl run --gone -- x`", 1),
             (help_text, marks.format("--name --env --gone"), 1), (help_text, "--name --env", 1), ("", both, 3),
             (help_text, both + " `cvctl run --env A=1 -- ls --all`", 0)]
    for text, readme, count in cases:
        found = list(findings(text, {"README.md": readme}))
        if len(found) != count:
            sys.exit(f"check-options: self-test: {readme!r} gave {found}")
    print(f"check-options: self-test: {len(cases)} cases are right")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    documents = {}
    for name in OTHERS:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            documents[name] = file.read()
    help_text = subprocess.run([arguments[0], "run", "--help"], check=True, capture_output=True, text=True).stdout
    found = list(findings(help_text, documents))
    for line in found:
        print(line)
    if found:
        sys.exit(f"check-options: {len(found)} findings")
    print(f"check-options: the documents name the {len(of_help(help_text))} options of cvctl run")


main(sys.argv[1:])
