#!/usr/bin/env bash
# Build a real program in containers, from nothing but the distribution's archive:
#   1. a Debian root, from the host's apt sources                       (cached)
#   2. container 1, with the host's network: fetch GNU hello's source and install what its build needs   (cached)
#   3. container 2, without network: build the package, hand it out through a bind mount
#   4. container 3, fresh: install and run it, and show what isolation was in force
# Exits non-zero when a step fails or anything is not as it should be. --fresh forgets the cache of step 2.
# shellcheck disable=SC2016 # what stands in single quotes is for the shell inside
set -Eeuo pipefail
cd "$(dirname "$0")/.."

cvctl=${CVCTL:-build/bin/cvctl}
suite=bookworm
state=${CONTAINERV_STATE_DIR:-/var/lib/containerv}
cache=$state/cache/demo
arch=$(dpkg --print-architecture)
base=$state/rootfs/debian-$suite-$arch
built=$cache/$suite-$arch-hello # with root/ (base and build dependencies) and src/, both complete

fail() {
    echo "demo: $*" >&2
    exit 1
}

fail_with_log() {
    tail -n 40 "$work/log" | sed 's/^/   | /' >&2
    fail "$1 failed, the end of its output is above"
}

step_number=0
step() { # TITLE COMMAND...: run it, print title and time
    local title=$1 began=$EPOCHREALTIME
    shift
    step_number=$((step_number + 1))
    echo "== $step_number. $title"
    # not in a condition: "set -e" would be off inside
    "$@"
    printf '   done in %.2f s\n\n' "$(awk "BEGIN { print $EPOCHREALTIME - $began }")"
}

# The cached root takes no write: every run of --debian has a throw-away upper.
make_base() {
    "$cvctl" run --debian "$suite" -- /bin/true
    [ -f "$base/etc/debian_version" ] || fail "no root at '$base'"
    echo "   Debian $(cat "$base/etc/debian_version") for $arch in $base"
}

# In place on a copy of the base root: what apt installs stays for container 2.
fetch_and_install() {
    if [ -d "$built" ]; then
        echo "   from the cache: $(basename "$built"/src/*.dsc), $built"
        return
    fi
    rm -rf --one-file-system "$built.half"
    mkdir -p "$built.half/src"
    cp -a --reflink=auto "$base" "$built.half/root"
    "$cvctl" run --network host --rootfs "$built.half/root" -v "$(realpath "$built.half/src"):/src" \
        -e DEBIAN_FRONTEND=noninteractive -- /bin/sh -euc '
            cd /etc/apt
            for file in sources.list.d/*.sources; do
                [ ! -f "$file" ] || sed -i "s/^Types: deb$/Types: deb deb-src/" "$file"
            done
            [ ! -f sources.list ] || sed -i "s/^deb \(.*\)/deb \1\ndeb-src \1/" sources.list
            apt-get update
            apt-get install --no-install-recommends -y build-essential dpkg-dev
            apt-get build-dep --no-install-recommends -y hello
            cd /src && apt-get source --download-only hello
            apt-get clean' >"$work/log" 2>&1 || fail_with_log "container 1"
    ls "$built.half"/src/*.dsc >/dev/null || fail "container 1 left no source"
    mv -T "$built.half" "$built"
    echo "   fetched $(basename "$built"/src/*.dsc) and installed its build dependencies"
}

build_package() {
    "$cvctl" run --rootfs "$built/root:O" -v "$built/src:/src:ro" -v "$work/out:/out" -w /build --umask 022 \
        -e HOME=/build -e LC_ALL=C.UTF-8 -- /bin/bash -euc '
            [ "$(ls /sys/class/net)" = lo ] || { echo "there is a network device: $(ls /sys/class/net)"; exit 1; }
            if (exec 3<>/dev/tcp/1.1.1.1/80) 2>/dev/null; then echo "the network can be reached"; exit 1; fi
            echo "network: only $(ls /sys/class/net), nothing can be reached"
            dpkg-source --no-check -x /src/*.dsc hello >/dev/null
            cd hello
            dpkg-buildpackage -us -uc -b >/build/log 2>&1 || { cat /build/log; exit 1; }
            grep "^dpkg-deb: building" /build/log
            cp ../hello_*.deb /out/' >"$work/log" 2>&1 || fail_with_log "container 2"
    sed 's/^/   | /' "$work/log"
    package=$(ls "$work"/out/hello_*.deb) || fail "container 2 handed out no package"
    [ "$(stat -c %u:%g "$package")" = "$(id -u):$(id -g)" ] || fail "'$package' belongs to $(stat -c %u:%g "$package"), not to us"
    echo "   $(basename "$package"), $(stat -c %s "$package") bytes, owned by $(stat -c %U "$package")"
}

run_it() {
    local said
    said=$("$cvctl" run --debian "$suite" -v "$work/out:/out:ro" -- /bin/sh -euc \
        'dpkg -i /out/hello_*.deb >/dev/null 2>&1; exec hello')
    echo "   hello says: $said"
    [ "$said" = "Hello, world!" ] || fail "that is not what GNU hello says"
}

# Seen from inside; the host's own values are handed in to be compared with.
show_isolation() {
    local host_namespaces
    host_namespaces=$(for ns in cgroup ipc mnt net pid user uts; do readlink "/proc/self/ns/$ns"; done)
    "$cvctl" run --debian "$suite" -v "$work/out:/out:ro" -e HOST="$host_namespaces" -- /bin/sh -euc '
        bad=0
        check() { # WHAT VALUE GOOD?
            if [ "$3" = 0 ]; then verdict=ok; else verdict=WRONG; bad=1; fi
            printf "   %-22s %-44s %s\n" "$1" "$2" "$verdict"
        }
        is() { if "$@"; then echo 0; else echo 1; fi; }
        read -r inside outside count </proc/self/uid_map
        check "user ids" "$inside..$((count - 1)) are $outside..$((outside + count - 1)) outside" \
            "$(is [ "$outside" != 0 -a "$count" = 65536 ])"
        for ns in cgroup ipc mnt net pid user uts; do
            mine=$(readlink /proc/self/ns/$ns)
            case "$HOST" in *"$mine"*) shared=1 ;; *) shared=0 ;; esac
            check "$ns namespace" "own, $mine" "$shared"
        done
        status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
        check "system call filter" "mode $(status Seccomp)" "$(is [ "$(status Seccomp)" = 2 ])"
        check "no new privileges" "$(status NoNewPrivs)" "$(is [ "$(status NoNewPrivs)" = 1 ])"
        check "capabilities" "$(status CapEff), docker has 00000000a80425fb" \
            "$(is [ $((0x$(status CapEff) & ~0xa80425fb)) = 0 ])"
        check "network devices" "$(echo $(ls /sys/class/net))" "$(is [ "$(ls /sys/class/net)" = lo ])"
        check "host name" "$(cat /proc/sys/kernel/hostname)" 0
        check "processes" "$(ls /proc | grep -c "^[0-9]*$") to be seen" 0
        for path in /proc/sys /sys /out; do
            options=$(awk -v path="$path" "\$5 == path { print \$6 }" /proc/self/mountinfo | tail -n 1)
            check "read-only" "$path ($options)" "$(case $options in ro | ro,*) echo 0 ;; *) echo 1 ;; esac)"
        done
        for path in /proc/kcore /proc/keys /proc/timer_list; do
            [ -e "$path" ] || continue
            check "masked" "$path" "$(is [ "$(head -c 1 "$path" | wc -c)" = 0 ])"
        done
        exit $bad'
}

[ -x "$cvctl" ] || fail "'$cvctl' is missing: run ./dev build first"
[ "$(id -u)" = 0 ] || fail "containers without root are not built yet: run it as root"

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # one demo at a time: they share the cache
[ "${1:-}" != --fresh ] || rm -rf --one-file-system "$built"
work=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf --one-file-system "$work" "$built.half"' EXIT
trap 'echo "demo: step $step_number failed" >&2' ERR
mkdir "$work/out"

began=$EPOCHREALTIME
step "a Debian root" make_base
step "container 1, host's network: source and build dependencies of GNU hello" fetch_and_install
step "container 2, no network: build it" build_package
step "container 3, fresh: install and run it" run_it
step "container 4: the isolation that was in force, seen from inside" show_isolation
printf 'A package was built and run in containers that could not reach the network, in %.1f s.\n' \
    "$(awk "BEGIN { print $EPOCHREALTIME - $began }")"
