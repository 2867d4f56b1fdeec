#!/usr/bin/env python3
"""Check that what the documents link to, or name as a path of this tree, is there.

usage: check-links.py [ROOT]          every *.md below ROOT (default: this tree) but in build/
       check-links.py --self-test     check that each kind of finding is found

Checked: [text](path), [text](path#heading), [text](#heading), and `path/in/backquotes` when its first part is a folder of the tree.
Addresses of the net are not looked up.
"""
import os
import re
import sys
import tempfile

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+/?)`")
FENCE = re.compile(r"^```.*?^```\s*$", re.MULTILINE | re.DOTALL)
BUILT = ("build/",)
PLACEHOLDER = re.compile(r"(^|[-./])(X|NAME|TARGET|COMMAND)($|[-./])")


def documents(root):
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("build", ".git")]
        for name in files:
            if name.endswith(".md"):
                yield os.path.join(folder, name)


def anchors(text):
    for heading in re.findall(r"^#+\s+(.*?)\s*$", FENCE.sub("", text), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def findings(root):
    for document in sorted(documents(root)):
        text = read(document)
        prose = FENCE.sub("", text)
        for target in LINK.findall(prose):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            full = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
            if not os.path.exists(full):
                yield f"{document}: there is no '{target}'"
            elif anchor and anchor not in set(anchors(read(full))):
                yield f"{document}: there is no heading '{target}'"
        for path in QUOTED.findall(prose):
            beside = os.path.join(os.path.dirname(document), path)
            first = path.split("/")[0]
            if path.startswith(BUILT) or PLACEHOLDER.search(path) or os.path.exists(os.path.join(root, path)) or os.path.exists(beside):
                continue
            if os.path.isdir(os.path.join(root, first)):
                yield f"{document}: there is no `{path}`"


def self_test():
    cases = [("[x](gone.md)", 1), ("[x](#gone)", 1), ("[x](other.md#gone)", 1), ("`libs/gone.c`", 1), ("[x](../gone)", 1),
             ("[x](other.md)", 0), ("[x](other.md#a-heading-here)", 0), ("# Me\n[x](#me)", 0), ("`libs/there.c`", 0),
             ("[x](https://example.org/gone)", 0), ("`no/folder`", 0), ("`build/bin`", 0), ("`libs/test-X.c`", 0), ("```\n[x](gone.md)\n```\n", 0)]
    for text, count in cases:
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "libs"))
            for name, content in (("libs/there.c", ""), ("other.md", "## A heading, here\n"), ("tested.md", text + "\n")):
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(content)
            found = list(findings(root))
            if len(found) != count:
                sys.exit(f"check-links: self-test: {text!r} gave {found}")
    print(f"check-links: self-test: {len(cases)} cases are right")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = arguments[0] if arguments else os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    found = list(findings(root))
    for line in found:
        print(os.path.relpath(line, root) if line.startswith(root) else line)
    if found:
        sys.exit(f"check-links: {len(found)} findings")
    print("check-links: every link leads somewhere")


main(sys.argv[1:])
