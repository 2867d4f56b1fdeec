#!/usr/bin/env python3
"""The memory of what waits for a container: a `run` process whose container sleeps.

usage: oci-memory.py ROUNDS BUNDLE RUNTIME...     BUNDLE's process says one line when it runs; prints KiB, medians

HWM is the most that the process ever had in memory since its exec, RSS what it has while the container runs, private what of that is its own
and not shared with others (pages of libraries and programs are).
"""
import os
import statistics
import subprocess
import sys
import tempfile


def values(path):
    with open(path) as file:
        return {line.split(":")[0]: int(line.split()[1]) for line in file if line.rstrip().endswith(" kB")}


def one(runtime, bundle, state):
    name = f"memory-{os.getpid()}"
    words = [runtime, "--root", state, "run", "--bundle", bundle, name]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline()
        try:
            if not line:
                sys.exit(f"oci-memory.py: {' '.join(words)} runs nothing")
            status, rollup = values(f"/proc/{process.pid}/status"), values(f"/proc/{process.pid}/smaps_rollup")
        finally:
            subprocess.run([runtime, "--root", state, "kill", name, "KILL"], check=True)
    return status["VmHWM"], status["VmRSS"], rollup["Private_Clean"] + rollup["Private_Dirty"]


def main():
    rounds, bundle, runtimes = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    samples = {runtime: [] for runtime in runtimes}
    with tempfile.TemporaryDirectory(prefix="containerv-bench.") as state:
        for _ in range(rounds):
            for runtime in runtimes:
                samples[runtime].append(one(runtime, bundle, os.path.join(state, os.path.basename(runtime))))
    print(f"{rounds} rounds, KiB, medians\n{'':30} {'HWM':>9} {'RSS':>9} {'private':>9}")
    for runtime in runtimes:
        print(f"{os.path.basename(runtime) + ' run':30} " + " ".join(f"{statistics.median(column):9.0f}" for column in zip(*samples[runtime])))


if __name__ == "__main__":
    main()
