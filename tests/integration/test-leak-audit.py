#!/usr/bin/env python3
"""The audit must find each kind of thing that can be left, and nothing once it is gone. Run in own mount and network namespaces."""
import ctypes
import fcntl
import os
import subprocess
import sys
import tempfile

audit, base = sys.argv[1], tempfile.mkdtemp(prefix="cv-test-audit-")
run, state, saved = base + "/run", base + "/state", base + "/saved"
mark = "test-%d" % os.getpid()
environment = dict(os.environ, CONTAINERV_RUN_DIR=run, CONTAINERV_STATE_DIR=state, CV_AUDIT_MARK=mark, CV_AUDIT_SECONDS="0.2")
environment.pop("CV_AUDIT_PROGRAMS", None)
libc = ctypes.CDLL(None, use_errno=True)
failures = []


def call(*command):
    subprocess.run(command, check=True)


def check(seconds="0.2"):
    result = subprocess.run([audit, "check", saved], env=dict(environment, CV_AUDIT_SECONDS=seconds), stdout=subprocess.PIPE, text=True)
    return result.returncode, result.stdout


def write(path):
    with open(path, "w"):
        pass


def hold(path):
    file = open(path, "w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def start(*command):
    return subprocess.Popen(command, env=environment)


def stop(process):
    process.kill()
    process.wait()


def zombie():
    """A child that calls itself as one of our programs, and is not waited for."""
    pid = os.fork()
    if pid == 0:
        libc.prctl(15, b"cv-guardian", 0, 0, 0)  # PR_SET_NAME
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def link(name):
    call("ip", "link", "add", name, "type", "bridge")
    call("ip", "link", "set", name, "alias", "containerv:leaked")


group = "/sys/fs/cgroup/containerv/c-" + mark
# what is left, words of the report, how to leave it, how to take it away
CASES = [
    ("a mount", ["left over: mount", "/mnt"], lambda: call("mount", "-t", "tmpfs", "leaked", "/mnt"), lambda _: call("umount", "/mnt")),
    ("a group", ["left over: cgroup", group], lambda: os.makedirs(group), lambda _: os.rmdir(group)),
    ("a link", ["left over: link", "cvleak 'containerv:leaked'"], lambda: link("cvleak"), lambda _: call("ip", "link", "del", "cvleak")),
    ("a file in run", ["left over: file", run + "/c-x"], lambda: os.mkdir(run + "/c-x"), lambda _: os.rmdir(run + "/c-x")),
    ("a file in state", ["left over: file", state + "/containers/x"], lambda: write(state + "/containers/x"),
     lambda _: os.unlink(state + "/containers/x")),
    ("an id range", ["left over: file", "ids/7 (held)"], lambda: hold(run + "/ids/7"), lambda file: file.close()),
    ("a process", ["left over: process", "sleep"], lambda: start("sleep", "30"), stop),
    ("a zombie", ["left over: process", "cv-guardian zombie"], zombie, lambda pid: os.waitpid(pid, 0)),
    ("shared memory", ["left over: shared memory", mark], lambda: write("/dev/shm/" + mark), lambda _: os.unlink("/dev/shm/" + mark)),
    ("a descriptor", ["left over: open descriptors"], lambda: open("/dev/null"), lambda file: file.close()),
    ("a mount that is gone", ["gone: mount", base], lambda: call("umount", base + "/mounted"),
     lambda _: call("mount", "-t", "tmpfs", "before", base + "/mounted")),
]


def expect(what, condition, output):
    print(("ok" if condition else "FAILED") + ": " + what)
    if not condition:
        print(output)
        failures.append(what)


def prepare():
    """A sysfs that shows this network namespace, and the version 2 tree at the place where most hosts have it."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        tree = next(fields[1] for fields in map(str.split, file) if fields[2] == "cgroup2")
    os.mkdir(base + "/tree")  # a copy of that mount: a new one would set the flags of all anew, such as nsdelegate, for the whole machine
    call("mount", "--bind", tree, base + "/tree")
    call("mount", "-t", "sysfs", "sysfs", "/sys")
    call("mount", "--move", base + "/tree", "/sys/fs/cgroup")
    os.makedirs("/sys/fs/cgroup/containerv", exist_ok=True)
    for folder in (run + "/ids", state + "/containers", state + "/cache", base + "/mounted"):
        os.makedirs(folder)
    call("mount", "-t", "tmpfs", "before", base + "/mounted")
    # with the pipe that later calls have, since our own open descriptors are counted
    subprocess.run([audit, "save", saved, "--pid", str(os.getpid())], env=environment, check=True, stdout=subprocess.PIPE)


def run_cases():
    code, output = check("10")
    expect("nothing is found when nothing was left", code == 0, output)
    for what, words, leave, take_away in CASES:
        left = leave()
        try:
            code, output = check()
            expect(what + " is found", code == 1 and all(w in output for w in words), output)
        finally:
            take_away(left)
        code, output = check("10")
        expect(what + " that was taken away is not", code == 0, output)

    write(state + "/cache/root")
    write(run + "/ids/9")
    code, output = check("10")
    expect("the cache and locks that nobody holds may stay", code == 0, output)

    process = start("sleep", "0.5")
    waiting = subprocess.Popen([audit, "check", saved], env=dict(environment, CV_AUDIT_SECONDS="10"), stdout=subprocess.PIPE)
    process.wait()
    expect("what ends in time is no leak", waiting.wait() == 0, "")


try:
    prepare()
    run_cases()
finally:
    subprocess.run(["umount", base + "/mounted"])
    subprocess.run(["rm", "-rf", "--one-file-system", base])
sys.exit(1 if failures else 0)
