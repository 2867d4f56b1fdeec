#!/bin/bash
# Create and destroy containers for a long time from several callers at once, and look for leaks at the end. Every tenth caller is killed
# while its container runs.
#
# usage: scripts/soak.sh [SECONDS]     default 600
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${1:-600}
callers=4
[ "$(id -u)" = 0 ] || {
    echo "soak: containers without root are not built yet: run it as root" >&2
    exit 1
}
work=$(mktemp -d /var/tmp/containerv-soak.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
# State of its own: what else runs on this machine is not taken for a leak.
export CONTAINERV_RUN_DIR=$work/run CONTAINERV_STATE_DIR=$work/state
tests/support/test-rootfs.sh "$work/rootfs"
CV_AUDIT_PROGRAMS=$PWD/build
export CV_AUDIT_PROGRAMS
build/bin/cvctl run --rootfs "$work/rootfs:O" -- /bin/true # makes the folders that stay
tests/support/leak-audit save "$work/before"

one() {
    local code=0
    build/bin/cvctl run --rootfs "$work/rootfs:O" -- /bin/sh -c 'echo x >/tmp/file; exit 3' || code=$?
    [ "$code" -eq 3 ]
}

# `timeout` kills it as a user's kill -9 would; 137 is what is left of it then.
one_killed() {
    local code=0
    timeout --signal KILL 1 build/bin/cvctl run --rootfs "$work/rootfs:O" -- /bin/sleep 600 || code=$?
    [ "$code" -eq 137 ]
}

caller() {
    local count=0
    while [ "$SECONDS" -lt "$seconds" ]; do
        count=$((count + 1))
        if [ $((count % 10)) -eq 0 ]; then
            one_killed 2>/dev/null || return 1
        else
            one || return 1
        fi
    done
    echo "soak: caller $1 ran $count containers"
}

children=()
for number in $(seq "$callers"); do
    caller "$number" &
    children+=($!)
done
failed=0
for child in "${children[@]}"; do
    wait "$child" || failed=1
done
build/bin/cvctl run --rootfs "$work/rootfs:O" -- /bin/true # sweeps what killed callers have left
# PID 1 of the machine reaps the guardians of callers that have ended, in its own time
CV_AUDIT_SECONDS=60 tests/support/leak-audit check "$work/before"
[ "$failed" -eq 0 ] || {
    echo "soak: a container did not end as it should have" >&2
    exit 1
}
echo "soak: $seconds s, nothing left behind"
