#!/bin/bash
# Run a test of an OCI runtime's callers where they can do as they like: in mount, network and process namespaces of its own, whose end is the
# end of all that they mount, start and set up. Their folders are on a tmpfs of these namespaces. Only their cgroups are the machine's.
#
# usage: enclose.sh TEST [ARGUMENT...]     OCI_RUNTIME: the runtime's path; OCI_ROOTFS: a root folder (tests/support/test-rootfs.sh)
set -euo pipefail

if [ -z "${OCI_GROUP:-}" ]; then
    [ "$(id -u)" -eq 0 ] || {
        echo "enclose.sh: callers of an OCI runtime are tested by root"
        exit 77
    }
    export OCI_GROUP=containerv-oci-$$
    code=0
    unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$0" "$@" || code=$?
    # conmon's group stays with podman's cgroupfs manager, and a parent with everybody
    # (what vanishes meanwhile, ours or another's, is no failure)
    { find /sys/fs/cgroup -maxdepth 2 -type d -name "$OCI_GROUP" -prune -exec find {} -depth -type d \; || true; } | while read -r folder; do
        rmdir "$folder" || [ ! -e "$folder" ] || echo "enclose.sh: $folder can't be removed: $(cat "$folder/cgroup.procs")"
    done
    exit $code
fi

ip link set lo up
mount -t tmpfs -o mode=1777 containerv-oci /dev/shm
mount -t tmpfs -o mode=755 containerv-oci /run
# what plain users can't open here and can elsewhere
mkdir -p /run/dev
mknod -m 666 /run/dev/tun c 10 200
mknod -m 666 /run/dev/fuse c 10 229
[ ! -e /dev/net/tun ] || mount --bind /run/dev/tun /dev/net/tun
[ ! -e /dev/fuse ] || mount --bind /run/dev/fuse /dev/fuse
# a /etc that knows of ids for containers, and keeps what is written
mkdir -p /run/etc /run/etc-work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc-work containerv-oci /etc
for file in subuid subgid; do
    printf '%s\n' containers:600000000:1000000 tester:700000000:65536 >/etc/$file
done
# two plain users, the second without such ids
for user in tester:48112 single:48113; do
    name=${user%:*} id=${user#*:}
    echo "$name:x:$id:$id::/run/$name:/bin/sh" >>/etc/passwd
    echo "$name:x:$id:" >>/etc/group
    mkdir "/run/$name"
    chown "$id:$id" "/run/$name"
done
mkdir /run/test

# This shell is the first process here, which reaps what callers leave; it must not be replaced by the test.
code=0
"$@" || code=$?
exit $code
