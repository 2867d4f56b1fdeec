#!/bin/bash
# Run unit tests of pure code under valgrind: wrong reads, uninitialised values, leaks. Only code that makes no new system call:
# valgrind 3.19 knows none of clone3, openat2 and open_tree.
#
# usage: scripts/test-valgrind.sh   (after the default preset was built)
set -euo pipefail

cd "$(dirname "$0")/.."
failures=0
count=0

# test-spec-memory is left out: it puts its own functions in front of malloc, as valgrind does.
for name in test-spec-{address,capnames,defaults,documents,mountopts,read,validate,value} test-{str,strv,error,parse,command-line} \
    test-{cgroup-parse,idrange-plan,mountinfo-parse,net-plan,seccomp-program,seccomp-profile,users-parse}; do
    program=build/tests/$name
    if [ ! -x "$program" ]; then
        echo "valgrind: there is no $program" >&2
        failures=$((failures + 1))
        continue
    fi
    count=$((count + 1))
    if ! output=$(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible "$program" 2>&1); then
        printf '%s\n' "$output"
        echo "valgrind: $name FAILED" >&2
        failures=$((failures + 1))
    fi
done
echo "valgrind: $((count - failures)) of $count programs are clean"
[ $failures -eq 0 ]
