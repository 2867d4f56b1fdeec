#!/bin/sh
# The last job: whatever the tests made is gone. What the mounts and links were is in /run/guest since the boot.

# The last guardian takes its containers away after the program that used it has ended.
tries=100
while [ -n "$(pidof cv-guardian)" ] && [ $tries -gt 0 ]; do
    tries=$((tries - 1))
    usleep 50000
done

failed=0
left() {
    if [ -n "$2" ]; then
        printf '%s left:\n%s\n' "$1" "$2"
        failed=1
    fi
}

left processes "$(pidof cv-guardian)"
left cgroups "$(find /sys/fs/cgroup/containerv -mindepth 1 -type d 2>/dev/null)"
left folders "$(find /run/containerv -mindepth 1 -maxdepth 1 -name 'c-*')"
left folders "$(find /var/lib/containerv/containers /var/lib/containerv/trash /tmp -mindepth 1 -maxdepth 1)"
left mounts "$(diff /run/guest/mounts /proc/self/mounts)"
left links "$(ip -o link | cut -d : -f 2 | diff /run/guest/links -)"
exit $failed
