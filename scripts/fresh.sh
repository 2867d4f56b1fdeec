#!/bin/bash
# The README's two commands in a minimal root of the distribution, so that an install step that is missing is found. A clone of HEAD is
# taken into a root made by mmdebstrap that has git and nothing else of ours. What was printed, without apt's and ninja's lines, is left
# in docs/fresh.log.txt.
#
# usage: scripts/fresh.sh [COMMAND...]     commands to run instead of "./dev demo" and "./dev test"
set -euo pipefail

cd "$(dirname "$0")/.."
limit_seconds=5400

# In a mount and a PID namespace of its own: mount what a system has, then make the root the namespace's own. A mere chroot would not do:
# a process in one may not make user namespaces.
enter() {
    local root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    cd "$root"
    pivot_root . mnt
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        chroot . /bin/sh /root/run "$@"
}

if [ "${1:-}" = --enter ]; then
    enter "${@:2}"
fi

[ "$(id -u)" = 0 ] || {
    echo "fresh: mounts need root: run it as root" >&2
    exit 1
}
[ $# -gt 0 ] || set -- "./dev demo" "./dev test"
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
work=$(mktemp -d /var/tmp/containerv-fresh.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

echo "fresh: making a minimal $suite root"
mmdebstrap --quiet --variant=minbase --include=git,ca-certificates "$suite" "$root"
rm "$root/etc/apt/sources.list" # mmdebstrap's; the host's own may stand in another file
cp -a /etc/apt/. "$root/etc/apt/"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
commit=$(git rev-parse --short HEAD)
git bundle create -q "$root/root/head.bundle" HEAD
cat >"$root/root/run" <<'TEXT'
set -eu
umount -l /mnt
cd /root
git -c advice.detachedHead=false clone -q head.bundle containerv
cd containerv
for command; do
    echo "\$ $command"
    $command </dev/null
done
TEXT

# What a reader wants to see: our own lines, no test by itself that has passed, and no address of anybody's archive.
trim() {
    grep -avE '://|Target Packages|^(Get|Hit|Ign|Err):|^(Selecting|Preparing|Unpacking|Setting up|Processing|Reading|Building dep|Fetched|debconf|update-alt)|^\(Reading|^\[[0-9]+/[0-9]+\]|^-- |^  [a-z]|^ +Start +[0-9]+: |^ *[0-9]+/[0-9]+ Test .* Passed ' |
        sed -E 's/[[:space:]]+$//' | cut -c1-160
}

started=$SECONDS
code=0
timeout --kill-after=20 "$limit_seconds" unshare --mount --pid --fork --kill-child --propagation private \
    "$0" --enter "$root" "$@" 2>&1 | tee "$work/log" || code=$?
{
    echo "./dev fresh: $suite minbase with git; commit $commit; $(date -u +%F); $(nproc) CPUs"
    trim <"$work/log"
    echo "exit code $code after $((SECONDS - started)) s"
} >docs/fresh.log.txt
exit "$code"
