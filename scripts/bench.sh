#!/bin/bash
# Measure. Each benchmark runs its peers in turn with ours, prints their command lines, minimum, median and 95th percentile, and ratios; the
# results that were kept are in docs/bench-*.md.
#
# usage: scripts/bench.sh [TOPIC [ROUNDS]]     TOPIC: all (default), start, spawn, parallel, limits, copy, log,
#        exec, idle, oci; ROUNDS default 100
set -euo pipefail

cd "$(dirname "$0")/.."
topic=${1:-all}
rounds=${2:-100}
case $topic in
all | start | spawn | parallel | limits | copy | log | exec | idle | oci) ;;
*)
    echo "bench: there is no benchmark '$topic'" >&2
    exit 2
    ;;
esac
[ "$(id -u)" = 0 ] || {
    echo "bench: run it as root" >&2
    exit 1
}

work=$(mktemp -d /var/tmp/containerv-bench.XXXXXX)
place=
trap 'rm -rf --one-file-system "$work" ${place:+"$place"}' EXIT
root=$work/bundle/rootfs
commands=$work/commands
export work root commands rounds
mkdir "$work/bundle"
tests/support/test-rootfs.sh "$root"

# crun refuses a system that has cgroup v1 beside v2. There the peers and we are measured with a view of v2 alone, in a mount namespace of
# their own; only what is measured of v1 sees all.
in_v2_view() {
    if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
        "$@"
    else
        # shellcheck disable=SC2016
        unshare --mount --propagation private bash -euo pipefail -c \
            'umount -l -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && "$@"' bash "$@"
    fi
}

# The OCI runtimes get the namespaces that we make; their user namespace maps each id to itself, so that the root needs no new owners.
# What runc and crun write for a terminal and for limits is taken out: neither is asked of the others. BENCH_AS_WRITTEN: with the namespaces
# that were written.
bundle() {
    (cd "$work/bundle" && rm -f config.json && "$1" spec)
    python3 - "$work/bundle/config.json" "${@:2}" <<'PYTHON'
import json
import os
import sys

path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    config = json.load(file)
config["process"].update(terminal=False, args=sys.argv[2:] or ["/bin/true"])
config["process"].pop("rlimits", None)
config["root"]["readonly"] = False
linux = config["linux"]
linux.pop("resources", None)
if "BENCH_AS_WRITTEN" not in os.environ and not any(n["type"] == "user" for n in linux["namespaces"]):
    linux["namespaces"].append({"type": "user"})
if any(n["type"] == "user" for n in linux["namespaces"]):
    linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 65536}]
with open(path, "w", encoding="utf-8") as file:
    json.dump(config, file)
PYTHON
}

add() {
    {
        printf '%s' "$1"
        printf '\t%s' "${@:2}"
        echo
    } >>"$commands"
    echo "$1: ${*:2}" | sed "s#$work#DIR#g"
}

# Commands apart by a word ";", each with success.
in_turn() {
    local words=() word
    for word in "$@" ";"; do
        if [ "$word" = ";" ]; then
            "${words[@]}" || return
            words=()
        else
            words+=("$word")
        fi
    done
}

# row NAME COMMAND...: into the table if it works here once
row() {
    if in_turn "${@:2}" >"$work/said" 2>&1 </dev/null; then
        add "$@"
    else
        echo "$1 can't run here: $(tail -n 1 "$work/said")"
    fi
}

start() {
    : >"$commands"
    row "fork and exec" "$root/bin/busybox" true
    row "unshare, our 7" unshare --user --map-root-user --mount --net --ipc --uts --pid --cgroup --fork --root "$root" /bin/true
    row "bubblewrap, our 7" bwrap --unshare-user --unshare-all --bind "$root" / --proc /proc --dev /dev /bin/true
    bundle runc
    row "runc run" runc --root "$work/runc" run --bundle "$work/bundle" "bench-$$"
    bundle crun
    row "crun run" crun --root "$work/crun" run --bundle "$work/bundle" "bench-$$"
    row "cvctl run, in place" build/bin/cvctl run --rootfs "$root" -- /bin/true
    row "cvctl run, :O" build/bin/cvctl run --rootfs "$root:O" -- /bin/true
    echo
    build/bench/bench-start "$root" "$rounds" "$commands"
}

spawn() {
    : >"$commands"
    row "fork and exec" "$root/bin/busybox" true
    bundle crun /bin/sleep 1000
    crun --root "$work/crun" create --bundle "$work/bundle" "bench-$$" </dev/null >"$work/said" 2>&1
    crun --root "$work/crun" start "bench-$$"
    row "crun exec" crun --root "$work/crun" exec "bench-$$" /bin/true
    echo
    build/bench/bench-spawn "$root" "$rounds" "$commands"
    crun --root "$work/crun" delete --force "bench-$$"
}

# A container's own runtime runs each command into it.
exec_in() {
    : >"$commands"
    for peer in crun runc; do
        bundle "$peer" /bin/sleep 1000
        "$peer" --root "$work/$peer" create --bundle "$work/bundle" "bench-$$" </dev/null >"$work/said" 2>&1
        "$peer" --root "$work/$peer" start "bench-$$"
        row "$peer exec" "$peer" --root "$work/$peer" exec "bench-$$" /bin/true
    done
    add "cvctl exec" build/bin/cvctl exec @ /bin/true
    echo
    build/bench/bench-exec "$root" "$rounds" "$commands"
    for peer in crun runc; do
        "$peer" --root "$work/$peer" delete --force "bench-$$"
    done
}

# ROUNDS is of no meaning here
idle() {
    build/bench/bench-idle "$root" "${CV_BENCH_IDLE:-1000}" build/bin/cvctl
}

# One bundle for all, as `runc spec` writes it, without limits. The first table is of the view of v2 alone, which crun needs.
oci() {
    local peers=() peer name kind
    for peer in "$@"; do
        if command -v "$peer" >/dev/null; then
            peers+=("$peer")
        else
            echo "$peer is not here"
        fi
    done
    BENCH_AS_WRITTEN=1 bundle runc
    for kind in run steps; do
        : >"$commands"
        for peer in "${peers[@]}"; do
            name=$(basename "$peer")
            case $kind in
            run) row "$name run" "$peer" --root "$work/$name" run --bundle "$work/bundle" "bench-$$" ;;
            steps)
                row "$name create, start, delete" "$peer" --root "$work/$name" create --bundle "$work/bundle" "bench-$$" ";" \
                    "$peer" --root "$work/$name" start "bench-$$" ";" "$peer" --root "$work/$name" delete --force "bench-$$"
                ;;
            esac
        done
        echo
        build/bench/bench-oci "$(head -n 1 "$commands" | cut -f 1)" "$rounds" "$commands" </dev/null
        echo
    done
    BENCH_AS_WRITTEN=1 bundle runc /bin/sh -c 'echo ready; exec sleep 1000'
    bench/oci-memory.py $(((rounds + 9) / 10)) "$work/bundle" "${peers[@]}"
}

# KiB, without what is for debuggers, and the libraries that the loader maps for it
oci_sizes() {
    local peer name path libraries
    printf '%-30s %9s %9s\n' 'KiB' program libraries
    for peer in "$@"; do
        path=$(command -v "$peer") || continue
        strip -o "$work/stripped" "$path"
        # of a static program ldd has nothing to tell
        libraries=$({ ldd "$path" 2>/dev/null || true; } | awk 'match($0, /\/[^ ]*/) { print substr($0, RSTART, RLENGTH) }' |
            xargs -r stat -L -c %s | awk '{ sum += $1 } END { print int(sum / 1024) }')
        printf '%-30s %9d %9d\n' "$(basename "$peer")" $(($(stat -c %s "$work/stripped") / 1024)) "${libraries:-0}"
    done
}

parallel() {
    : >"$commands"
    bundle crun
    add "crun run" crun --root "$work/crun" run --bundle "$work/bundle" @
    for at_a_time in 2 8 64; do
        echo
        build/bench/bench-parallel "$root" $((rounds * 2)) "$at_a_time" "$commands"
    done
}

limits() {
    if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
        echo "limits: this system has no controller of cgroup v1, which it is about"
    else
        build/bench/bench-limits "$root" "$rounds" /sys/fs/cgroup
    fi
}

# In memory, so that what is compared is not the disk; CV_BENCH_FOLDER names another place. A round takes seconds: a fifth of them.
copy() {
    place=$(mktemp -d "${CV_BENCH_FOLDER:-/dev/shm}/containerv-bench.XXXXXX")
    echo "tar | tar: tar -C SOURCE -cf - . | tar -C DESTINATION -xpf -"
    build/bench/bench-copy "$root" $(((rounds + 4) / 5)) "$place"
    rm -rf --one-file-system "$place"
}

# podman's own log is that of conmon, which reads the container's pipes as our supervisor does. Detached, so that nobody else is served. What
# it is not allowed in a container is not asked of it: cgroups, higher limits. On a disk: CV_BENCH_FOLDER names another. A twentieth of the rounds.
log() {
    local program="build/bench/bench-log-output" mib=1024 podman
    : >"$commands"
    place=$(mktemp -d "${CV_BENCH_FOLDER:-/var/tmp}/containerv-bench.XXXXXX")
    mkdir "$place/out"
    cp "$program" "$root/bin/"
    podman="podman --root $place/podman --runroot $place/podman-run --tmpdir $place/podman-tmp --cgroup-manager cgroupfs"
    podman+=" --events-backend none --runtime crun --storage-driver vfs"
    cat >"$place/podman.sh" <<SCRIPT
set -e
id=\$($podman run --detach --network none --cgroups=disabled --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \\
    --log-driver k8s-file --log-opt "path=$place/out/podman.log" --rootfs "$root" /bin/bench-log-output "\$BENCH_LOG_KIND" "\${1:-$mib}")
[ "\$($podman wait "\$id")" = 0 ]
$podman rm "\$id" >/dev/null
[ "\$(stat -c %s "$place/out/podman.log")" -ge \$((\${1:-$mib} << 20)) ]
SCRIPT
    if command -v podman >/dev/null && BENCH_LOG_KIND=lines sh "$place/podman.sh" 1 >"$work/said" 2>&1; then
        add "podman, k8s-file" sh "$place/podman.sh"
        sed "s#$place#PLACE#g; s#$root#ROOT#g; s/^/    /" "$place/podman.sh"
    else
        echo "podman can't run here: $(tail -n 1 "$work/said" 2>/dev/null)"
    fi
    build/bench/bench-log $(((rounds + 19) / 20)) "$place" "$mib" "$program" "$commands"
    rm -rf --one-file-system "$place"
}

export -f bundle add in_turn row start spawn parallel log exec_in idle oci
for each in start spawn parallel limits copy log exec idle oci; do
    [ "$topic" = all ] || [ "$topic" = "$each" ] || continue
    echo "== $each"
    if [ "$each" = limits ] || [ "$each" = copy ]; then
        "$each"
    elif [ "$each" = oci ]; then
        in_v2_view oci crun runc build/bin/cvrun
        if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
            printf '\nwith the hierarchies of cgroup v1 beside v2, which crun refuses\n'
            oci runc build/bin/cvrun
        fi
        echo
        oci_sizes crun runc build/bin/cvrun
    else
        in_v2_view "${each/exec/exec_in}"
    fi
    echo
done
