#!/bin/bash
# What takes long: create and destroy containers from several callers at once, every tenth of which is killed while its container runs, and
# look for leaks at the end; then each race of the security tests in 500 rounds, and each system call of the fault tests made to fail; then
# kills of everybody at random moments; then containers in a guest whose first process is systemd; then podman's options below cvrun and below
# runc. The last results are in docs/testing.md.
#
# usage: scripts/soak.sh [SECONDS]     of the first part, default 600
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${1:-600}
callers=4
[ "$(id -u)" = 0 ] || {
    echo "soak: fault tests and races need root: run it as root" >&2
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

CV_ROUNDS=500 CV_KILLS=500 CV_FAULTS_ALL=1 CV_CASES_ALL=1 ctest --test-dir build --output-on-failure --timeout 3000 \
    -R 'test-security-(paths|copies|chown)|test-faults|test-killed|test-spec-cases|test-oci-configs'

# Who is killed at which moment: caller, supervisor, both, first process; the last result is in docs/crash-tests.md.
CV_CRASH_MOMENTS=${CV_CRASH_MOMENTS:-250} CONTAINERV_BACKEND=linux CV_SUITE_ROOTFS=$work/rootfs \
    build/tests/test-crash

tests/guest/guest.py --systemd build build/tests/guest/jobs-systemd

# What programs find in containers of podman, below cvrun and below runc.
OCI_RUNTIME=$PWD/build/bin/cvrun OCI_ROOTFS=$work/rootfs CVCTL='' CVCTL_TEST_ROOT='' \
    tests/integration/oci/enclose.sh python3 -B tests/integration/oci/test-matrix.py
