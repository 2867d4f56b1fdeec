#!/bin/bash
# The guest's disk: what was built, at the paths that it was built at, with the shared libraries that it needs.
#
# usage: tests/guest/image.sh BUILD-FOLDER IMAGE
set -euo pipefail

source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
image=$2
size=512M # sparse

work=$(mktemp -d "$build/guest-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root

# The guest's own programs are those of the tests' root folder.
cp -a "$build/tests/rootfs" "$root"
mkdir -p "$root"/{run,mnt,var/lib,var/tmp}
chmod 1777 "$root/var/tmp"

cd "$build"
shopt -s nullglob
programs=()
for file in tests/*; do
    [ ! -f "$file" ] || [ ! -x "$file" ] || programs+=("$file")
done
mkdir -p "$root$build"
cp -a --parents "${programs[@]}" tests/rootfs bin libexec lib/*.so* "$root$build"

# What the tests without root's rights start, with its setuid bit, and what of busybox would start its own programs instead.
helpers=(/usr/bin/dash /usr/bin/unshare /usr/bin/setpriv /usr/bin/newuidmap /usr/bin/newgidmap)
mkdir -p "$root/usr/bin"
cp -a "${helpers[@]}" "$root/usr/bin/"
ln -s dash "$root/usr/bin/sh"

# Python's standard library, for the tests that are written in it: the distribution's, as others may be anywhere.
python=$(readlink -f /usr/bin/python3)
stdlib=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "$root$(dirname "$stdlib")" "$root$source/tests"
cp -a "$python" "$root/usr/bin/python3"
tar -C "$stdlib" --exclude='./config-*' --exclude=./test --exclude=./dist-packages -c . | tar -C "$root" --one-top-level="$root$stdlib" -x
cp -a "$source/tests/integration" "$root$source/tests/"

# ldd fails for what is static.
libraries=$({ ldd "${programs[@]}" bin/* "${helpers[@]}" "$python" "$stdlib"/lib-dynload/*.so 2>/dev/null || true; } |
    sed -n 's/^.* => \(.*\) (0x.*/\1/p; s/^[[:blank:]]*\(\/[^ ]*\) (0x.*/\1/p; /not found/p' | sort -u | grep -v "^$build/")
if grep -q 'not found' <<<"$libraries"; then
    echo "guest image: $libraries" >&2
    exit 1
fi
while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done <<<"$libraries"

rm -f "$image"
mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -d "$root" "$image" "$size"
