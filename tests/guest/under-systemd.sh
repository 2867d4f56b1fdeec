#!/bin/sh
# Run in a guest whose first process is systemd: what it leaves of containers' cgroups, where it doesn't know of them and where it does.
#
# usage: under-systemd.sh BUILD-FOLDER TOPIC
set -eu

build=$1
export PATH="$build/bin:$PATH"
root=$build/tests/rootfs
tree=/sys/fs/cgroup
unit=containerv-test.service
slice=containerv.slice

fail() {
    echo "under-systemd: $*" >&2
    exit 1
}

# start NAME OPTION...: a limited container that lives for long, in the background; returns when its program runs
start() {
    name=$1
    shift
    rm -f "/tmp/$name"
    cvctl run --name "$name" --rootfs "$root:O" --memory 64m --cpus 0.5 --pids-limit 99 -v /tmp:/t "$@" -- \
        sh -c "echo up >/t/$name; exec sleep 1000" &
    pid=$!
    tries=0
    until [ -s "/tmp/$name" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "$name does not start"
        kill -0 "$pid" 2>/dev/null || fail "$name has ended"
        sleep 0.1
    done
}

# What systemd does of itself and when asked to: it writes cgroup.subtree_control of its own groups, and reads all units anew.
disturb() {
    printf '[Service]\nType=oneshot\nExecStart=true\nCPUQuota=20%%\nMemoryMax=50M\nIOWeight=50\nTasksMax=20\n' \
        >/run/systemd/system/limited.service
    printf '[Service]\nType=oneshot\nExecStart=true\nSlice=other.slice\nAllowedCPUs=0\nDelegate=yes\n' \
        >/run/systemd/system/other.service
    systemctl daemon-reload
    systemctl start limited.service other.service
    systemctl daemon-reexec
    systemctl start limited.service
    systemctl set-property --runtime system.slice CPUWeight=50
    systemctl revert system.slice
    systemctl daemon-reload
}

# check GROUP: the limits of start() are in force
check() {
    [ "$(cat "$1/memory.max")" = 67108864 ] || fail "$1: memory.max is $(cat "$1/memory.max")"
    [ "$(cat "$1/cpu.max")" = "50000 100000" ] || fail "$1: cpu.max is $(cat "$1/cpu.max")"
    [ "$(cat "$1/pids.max")" = 99 ] || fail "$1: pids.max is $(cat "$1/pids.max")"
    grep -q "populated 1" "$1/cgroup.events" || fail "$1 is empty"
}

stop() {
    kill "$pid"
    wait "$pid" || true
    tries=0
    while [ -e "$1" ]; do # the guardian takes it away
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "$1 is left"
        sleep 0.1
    done
}

# Our own group at the top of the tree, of which systemd does not know.
default_place() {
    start one
    check "$tree/containerv/c-one"
    disturb
    check "$tree/containerv/c-one"
    stop "$tree/containerv/c-one"
}

# A service that was given its part of the tree. Its own process is in a group below: else it could not hand controllers on.
start_unit() {
    cat >/run/holder.sh <<'END'
group=/sys/fs/cgroup$(cut -d : -f 3 /proc/self/cgroup)
mkdir "$group/holder"
echo $$ >"$group/holder/cgroup.procs"
systemd-notify --ready
exec sleep infinity
END
    systemd-run --quiet --unit="$unit" --slice="$slice" -p Delegate=yes -p Type=notify -p NotifyAccess=all sh /run/holder.sh
}

delegated_place() {
    start_unit
    start two --cgroup-parent "/$slice/$unit"
    check "$tree/$slice/$unit/c-two"
    disturb
    check "$tree/$slice/$unit/c-two"
    stop "$tree/$slice/$unit/c-two"
    start three --cgroup-parent "/$slice/$unit/deeper"
    check "$tree/$slice/$unit/deeper/c-three"
    systemctl stop "$unit" # whoever stops the unit ends its containers
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 143 ] || fail "the container of a stopped unit ended with $code"
    [ ! -e "$tree/$slice/$unit" ] || fail "the stopped unit's group is left"
    cvctl run --rootfs "$root:O" -- true
    [ -z "$(find /run/containerv -name 'c-*')" ] || fail "a run folder is left"
}

# A container of the OCI runtime in a unit that systemd makes for it.
unit_of_cvrun() {
    group=$tree/cvtest.slice/cvtest-four.scope
    mkdir -p /run/bundle
    cat >/run/bundle/config.json <<END
{"ociVersion": "1.2.0", "root": {"path": "$root", "readonly": true},
 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["sleep", "1000"], "env": ["PATH=/bin:/usr/bin"]},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
 "linux": {"cgroupsPath": "cvtest.slice:cvtest:four", "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "cgroup"}],
  "resources": {"memory": {"limit": 67108864}, "cpu": {"quota": 50000, "period": 100000}, "pids": {"limit": 99}}}}
END
    cvrun --systemd-cgroup create --bundle /run/bundle four </dev/null
    cvrun --systemd-cgroup start four
    check "$group"
    disturb
    check "$group"
    cvrun --systemd-cgroup update --pids-limit 50 four
    systemctl daemon-reload
    [ "$(cat "$group/pids.max")" = 50 ] || fail "pids.max is $(cat "$group/pids.max") after the update"
    cvrun --systemd-cgroup delete --force four
    [ ! -e "$group" ] || fail "$group is left"
    ! systemctl is-active --quiet cvtest-four.scope || fail "the unit is left"
}

[ -d /run/systemd/system ] || fail "systemd is not the first process"
case $2 in
default) default_place ;;
delegated) delegated_place ;;
cvrun) unit_of_cvrun ;;
*) fail "no topic $2" ;;
esac
echo "$2: as it should be"
