"""The man page has each command and option of cvrun, and none that cvrun has not.

usage: man-options.py CVRUN PAGE
"""
import re
import subprocess
import sys

cvrun, page = sys.argv[1:]
with open(page, encoding="utf-8") as file:
    text = file.read().replace("\\-", "-").replace("\\fR", "").replace("\\fP", "")


def options_of(*command):
    text_of = subprocess.run([cvrun, *command, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  (?:-\w,|   ) (--[a-z0-9-]+)", text_of, re.MULTILINE)), text_of


options, overview = options_of()
commands = re.findall(r"^  ([a-z]+) ", overview.split("options:")[0], re.MULTILINE)
assert len(commands) > 10 and len(options) > 5, overview
for command in commands:
    options |= options_of(command)[0]
    assert re.search(rf"^\.SS.*\b{command}\b", text, re.MULTILINE), f"command {command} is not in the man page"
named = set(re.findall(r"--[a-z0-9]+[a-z0-9-]*", text))
assert options <= named, f"not in the man page: {sorted(options - named)}"
assert named <= options, f"in the man page only: {sorted(named - options)}"
