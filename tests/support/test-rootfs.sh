#!/bin/bash
# A minimal root folder for tests: the distribution's static busybox, a link for each of its programs, two users.
# usage: test-rootfs.sh FOLDER     Makes it when it is not there yet, else leaves it alone.
set -euo pipefail

root=$1
[ ! -e "$root/done" ] || exit 0
busybox=$(command -v busybox) || { echo "test-rootfs: busybox-static is not installed" >&2; exit 1; }
new=$root.new
rm -rf "$new"
mkdir -p "$new"/{bin,dev,etc,proc,sys,tmp,root,home/joe}
install -m 755 "$busybox" "$new/bin/busybox"
"$new/bin/busybox" --list | while read -r program; do
    [ "$program" = busybox ] || ln -s busybox "$new/bin/$program"
done
cat >"$new/etc/passwd" <<'TEXT'
root:x:0:0:root:/root:/bin/sh
joe:x:1000:1000:joe:/home/joe:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
TEXT
cat >"$new/etc/group" <<'TEXT'
root:x:0:
joe:x:1000:
audio:x:29:joe
video:x:44:
nogroup:x:65534:
TEXT
echo data >"$new/etc/not-executable"
chmod 644 "$new/etc/not-executable"
chmod 1777 "$new/tmp"
chown -R 1000:1000 "$new/home/joe"
chmod 755 "$new"
touch "$new/done"
rm -rf "$root"
mv -T "$new" "$root"
