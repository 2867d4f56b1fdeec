#!/bin/bash
# The disk of a guest in which systemd is the first process: the distribution's base with it, and what was built, at the paths that it was
# built at. The base is made once, in a cache outside the tree.
#
# usage: tests/guest/systemd-image.sh BUILD-FOLDER IMAGE
set -euo pipefail

suite=bookworm
packages=systemd,systemd-sysv,libcmocka0,libjansson4,libprotobuf-c1,libseccomp2
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
image=$2
size=1G # sparse
cache=${CV_BUILD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/containerv}/guest

mkdir -p "$cache"
work=$(mktemp -d "$cache/work-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

exec 9>"$cache/lock"
flock 9
base=$cache/systemd-$suite-$(sha256sum "$0" | cut -c 1-12).tar
if [ ! -e "$base" ]; then
    mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$work/base.tar" >&2
    mv "$work/base.tar" "$base"
fi
flock -u 9

root=$work/root
mkdir "$root"
tar -C "$root" -xf "$base"
cp "$(command -v busybox)" "$root/usr/bin/busybox"
cd "$build"
mkdir -p "$root$build" "$root$source/tests/guest"
cp -a --parents tests/rootfs tests/test-cgroup-parent tests/test-oci-cgroup bin libexec lib/*.so* "$root$build"
cp -a "$source/tests/guest/under-systemd.sh" "$root$source/tests/guest/"

# The jobs are run by a unit; init's own part is what the initrd has put into /run.
cat >"$root/etc/systemd/system/guest.service" <<'UNIT'
[Unit]
Description=The jobs of the guest

[Service]
Type=oneshot
ExecStart=/run/guest/init systemd
StandardOutput=journal+console
TimeoutStartSec=infinity
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../guest.service "$root/etc/systemd/system/multi-user.target.wants/guest.service"
ln -sf /dev/null "$root/etc/systemd/system/apt-daily.timer"
ln -sf /dev/null "$root/etc/systemd/system/apt-daily-upgrade.timer"
echo guest >"$root/etc/hostname"

rm -f "$image"
mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -d "$root" "$image" "$size"
