#!/usr/bin/env python3
"""Run jobs in a guest: a QEMU machine that boots the distribution's kernel with plain cgroup version 2, once for all jobs.

usage: guest.py BUILD-FOLDER JOBS           a line of JOBS: name, seconds, shell command, with tabs between. Fails when one of them fails.
       guest.py BUILD-FOLDER -- COMMAND...  run this alone, print what it printed, end with its exit code.
       guest.py --systemd BUILD-FOLDER JOBS  the same where systemd is the first process.

The guest ends by itself. It has no network and no disk but a copy of what was built, at the same paths.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 420  # several times what it takes on an idle machine
# A job that hangs is ended by the guest itself, after its own time. A guest that does not do even that, and says nothing for this much longer,
# stands still as a whole: QEMU's interpreter was seen to, once. It is started a second time then, and no third.
STANDSTILL = 60
RECORD = re.compile(rb"job (\S+) (\d+) ([\d.]+) ([\d.]+) (\d+)\n")
BOOT = re.compile(rb"boot (\S+) ([\d.]+)\n")


def script_output(name, *arguments):
    """The scripts say on stderr why they fail."""
    return subprocess.run([os.path.join(HERE, name), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_initrd(kernel, jobs, work):
    """The kernel unpacks archives that follow each other: the cached one, then the one with this run's jobs."""
    tree = os.path.join(work, "tree")
    os.makedirs(os.path.join(tree, "guest"))
    for name in ("init", "nothing-left.sh"):
        shutil.copy(os.path.join(HERE, name), os.path.join(tree, "guest", name))
    os.symlink("guest/init", os.path.join(tree, "init"))
    with open(os.path.join(tree, "guest/jobs"), "w", encoding="utf-8") as file:
        file.writelines("\t".join(job) + "\n" for job in jobs)
    initrd = os.path.join(work, "initrd")
    with open(initrd, "wb") as file:
        with open(os.path.join(kernel, "modules.cpio"), "rb") as modules:
            shutil.copyfileobj(modules, file)
        file.flush()
        names = b"guest\0guest/init\0guest/nothing-left.sh\0guest/jobs\0init\0"
        subprocess.run(["cpio", "--quiet", "-0", "-o", "-H", "newc", "-R", "0:0"], input=names, cwd=tree, stdout=file, check=True)
    return initrd


def machine(kernel, initrd, image, work, results):
    """QEMU's own interpreter: the same everywhere, where KVM differs by machine and is often absent."""
    return [
        "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1G", "-no-reboot",
        "-nodefaults", "-display", "none", "-nic", "none",
        "-serial", f"file:{os.path.join(work, 'console')}",
        "-kernel", os.path.join(kernel, "vmlinuz"), "-initrd", initrd, "-append", "console=ttyS0 panic=-1 loglevel=6",
        "-drive", f"file={image},if=virtio,format=raw,snapshot=on",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=results,path={results}",
        "-device", "virtserialport,chardev=results,name=containerv.results",
    ]  # fmt: skip


class Standstill(Exception):
    """The guest has said nothing for longer than any job may take."""


def wait_for(qemu, files, quiet):
    """qemu's exit code. TimeoutExpired: it ran until the deadline."""
    started = changed = time.monotonic()
    seen = None
    while True:
        now = time.monotonic()
        sizes = [os.path.getsize(path) if os.path.exists(path) else 0 for path in files]
        if sizes != seen:
            seen, changed = sizes, now
        if now - changed > quiet:
            raise Standstill
        if now - started > DEADLINE:
            raise subprocess.TimeoutExpired(qemu.args, DEADLINE)
        try:
            return qemu.wait(1)
        except subprocess.TimeoutExpired:
            pass


def run_machine(command, environment, files, quiet):
    """Only our own child is ever killed."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment) as qemu:
        try:
            return wait_for(qemu, files, quiet)
        except subprocess.TimeoutExpired:
            qemu.kill()
            print(f"guest: killed after {DEADLINE} s", file=sys.stderr)
            return -1
        except BaseException:
            qemu.kill()
            raise


def parse(data):
    """(kernel, seconds to boot, records by name in order, whether the guest came to its end)"""
    boot = BOOT.match(data)
    records = {}
    if boot is None:
        return None, None, records, False
    place = boot.end()
    while record := RECORD.match(data, place):
        name, code, begin, end, size = record.groups()
        place = record.end() + int(size)
        records[name.decode()] = (int(code), float(end) - float(begin), data[record.end() : place])
    return boot[1].decode(), float(boot[2]), records, data[place:] == b"end\n"


def console_tail(path):
    with open(path, "rb") as file:
        text = file.read().decode(errors="replace")
    print("guest: the last lines of its console:\n" + "\n".join(text.splitlines()[-60:]), file=sys.stderr)


def run(build, jobs, image_script="image.sh"):
    kernel = script_output("kernel.sh")
    with open(os.path.join(kernel, "version"), encoding="utf-8") as file:
        print(f"guest: {file.read().strip()}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="guest-run-", dir=build) as work:
        image = os.path.join(work, "image")
        script_output(image_script, build, image)
        results = os.path.join(work, "results")
        command = machine(kernel, make_initrd(kernel, jobs, work), image, work, results)
        started = time.monotonic()
        files = [results, os.path.join(work, "console")]
        try:
            code = run_machine(command, {**os.environ, "TMPDIR": work}, files, max(int(job[1]) for job in jobs) + STANDSTILL)
        except Standstill:
            console_tail(os.path.join(work, "console"))
            raise
        with open(results, "rb") as file:
            release, booted, records, complete = parse(file.read())
        took = time.monotonic() - started
        shutil.copy(os.path.join(work, "console"), os.path.join(build, "guest-console.log"))
        print(f"guest: Linux {release}, first job after {booted} s, {took:.1f} s in all, qemu ended with {code}", file=sys.stderr)
        if not complete:
            console_tail(os.path.join(work, "console"))
    return records, complete and code == 0


def run_twice(build, jobs, image_script="image.sh"):
    try:
        return run(build, jobs, image_script)
    except Standstill:
        print("guest: it stood still as a whole, and is started once more", file=sys.stderr)
        return run(build, jobs, image_script)


def run_tests(build, path, image_script="image.sh"):
    with open(path, encoding="utf-8") as file:
        jobs = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    records, ended = run_twice(build, jobs, image_script)
    failed = []
    for name, *_ in jobs:
        if name not in records:
            print(f"== {name}: NOT RUN")
            failed.append(name)
            continue
        code, seconds, output = records[name]
        print(f"== {name}: {'ok' if code == 0 else f'FAILED with {code}'}, {seconds:.1f} s")
        print(output.decode(errors="replace"), end="" if output.endswith(b"\n") else "\n")
        if code != 0:
            failed.append(name)
    print(f"guest: {len(jobs) - len(failed)} of {len(jobs)} jobs passed" + (f", FAILED: {' '.join(failed)}" if failed else ""))
    return 0 if ended and jobs and not failed else 1


def one_line(command):
    """For a shell, on one line and without tabs. What has such characters is in single quotes already."""
    return shlex.join(command).replace("\n", "'$'\\n''").replace("\t", "'$'\\t''")


def run_command(build, command):
    records, _ = run(build, [("command", str(DEADLINE), one_line(command))])
    if "command" not in records:
        return 1
    code, _, output = records["command"]
    sys.stdout.buffer.write(output)
    return code


def main(arguments):
    if len(arguments) >= 3 and arguments[1] == "--":
        return run_command(os.path.abspath(arguments[0]), arguments[2:])
    if arguments[:1] == ["--systemd"] and len(arguments) == 3:
        return run_tests(os.path.abspath(arguments[1]), arguments[2], "systemd-image.sh")
    if len(arguments) != 2:
        sys.exit(__doc__)
    return run_tests(os.path.abspath(arguments[0]), arguments[1])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Standstill:
        sys.exit("guest: it stood still as a whole")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"guest: {error}")
