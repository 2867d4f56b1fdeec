#!/bin/bash
# Measure; docs/bench-start.md has a result. One benchmark so far: start, create + spawn "true" + wait + destroy beside other ways to start a program.
#
# usage: scripts/bench.sh [start [ROUNDS]]     ROUNDS default 100
set -euo pipefail

cd "$(dirname "$0")/.."
[ "${1:-start}" = start ] || {
    echo "bench: there is no benchmark '$1'" >&2
    exit 2
}
rounds=${2:-100}
[ "$(id -u)" = 0 ] || {
    echo "bench: containers without root are not built yet: run it as root" >&2
    exit 1
}

# crun refuses a system that has cgroup v1 beside v2. There all are measured with a view of v2 alone, in a mount namespace of their own.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] && [ -z "${CV_BENCH_VIEW:-}" ]; then
    # shellcheck disable=SC2016
    CV_BENCH_VIEW=v2 exec unshare --mount --propagation private sh -c \
        'umount -l -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh "$PWD/scripts/bench.sh" "$@"
fi

work=$(mktemp -d /var/tmp/containerv-bench.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/bundle/rootfs
mkdir "$work/bundle"
tests/support/test-rootfs.sh "$root"

# The OCI runtimes get the namespaces that we make; their user namespace maps each id to itself, so that the root needs no new owners.
# What runc and crun write for a terminal and for limits is taken out: neither is asked of the others.
bundle() {
    (cd "$work/bundle" && rm -f config.json && "$1" spec)
    python3 - "$work/bundle/config.json" <<'PYTHON'
import json
import sys

path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    config = json.load(file)
config["process"].update(terminal=False, args=["/bin/true"])
config["process"].pop("rlimits", None)
config["root"]["readonly"] = False
linux = config["linux"]
linux.pop("resources", None)
if not any(n["type"] == "user" for n in linux["namespaces"]):
    linux["namespaces"].append({"type": "user"})
whole = [{"containerID": 0, "hostID": 0, "size": 65536}]
linux["uidMappings"] = linux["gidMappings"] = whole
with open(path, "w", encoding="utf-8") as file:
    json.dump(config, file)
PYTHON
}

commands=$work/commands
# row NAME COMMAND...: into the table if it works here once
row() {
    local name=$1
    shift
    if "$@" >"$work/said" 2>&1 </dev/null; then
        {
            printf '%s' "$name"
            printf '\t%s' "$@"
            echo
        } >>"$commands"
        echo "$name: ${*//"$work"/DIR}"
    else
        echo "$name can't run here: $(tail -n 1 "$work/said")"
    fi
}

row "fork and exec" "$root/bin/busybox" true
row "unshare, our 7" unshare --user --map-root-user --mount --net --ipc --uts --pid --cgroup --fork --root "$root" /bin/true
row "unshare, 5" unshare -m -p -f -i -u -n --root "$root" /bin/true
row "bubblewrap, our 7" bwrap --unshare-user --unshare-all --bind "$root" / --proc /proc --dev /dev /bin/true
row "bubblewrap, 5" bwrap --unshare-pid --unshare-ipc --unshare-uts --unshare-net --bind "$root" / --proc /proc --dev /dev /bin/true
bundle runc
row "runc run" runc --root "$work/runc" run --bundle "$work/bundle" "bench-$$"
row "crun run" crun --root "$work/crun" run --bundle "$work/bundle" "bench-$$"
row "cvctl run, in place" build/bin/cvctl run --rootfs "$root" -- /bin/true
row "cvctl run, :O" build/bin/cvctl run --rootfs "$root:O" -- /bin/true
echo
build/bench/bench-start "$root" "$rounds" "$commands"
