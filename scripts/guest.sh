#!/bin/bash
# Run one command in a guest: a QEMU machine with the distribution's kernel and plain cgroup version 2 that has what was built, at the same
# paths. Prints what the command printed and ends with its exit code; the console is in build/guest-console.log.
#
# usage: scripts/guest.sh COMMAND [ARGUMENT...]      as scripts/guest.sh build/tests/suite-mounts
set -euo pipefail

if [ $# -eq 0 ]; then
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 2
fi
cd "$(dirname "$0")/.."
if [ ! -x build/libexec/containerv/cv-guardian ]; then
    echo "guest: nothing is built yet: ./dev build" >&2
    exit 1
fi
tests/support/test-rootfs.sh "$PWD/build/tests/rootfs"
# the command has the working folder and the environment of the tests
# shellcheck disable=SC2016 # the guest's shell expands it
exec tests/guest/guest.py build -- sh -c 'cd "$0" && CONTAINERV_BACKEND=linux CV_SUITE_ROOTFS=$0/build/tests/rootfs exec "$@"' "$PWD" "$@"
