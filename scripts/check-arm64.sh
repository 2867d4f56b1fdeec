#!/bin/sh
# Compile everything for 64-bit ARM, objects only: the libraries that programs link are there for this machine's processor only, but their
# headers are the same. Finds what is x86-64 only: system call numbers, sizes, char's sign, inline assembly.
#
# usage: scripts/check-arm64.sh
set -eu

compiler=aarch64-linux-gnu-gcc
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/arm64
cd "$root"

fail() {
    echo "check-arm64: $*" >&2
    exit 1
}

command -v "$compiler" >/dev/null || fail "no $compiler: install gcc-aarch64-linux-gnu"
mkdir -p "$build"
# Some objects wait for a program or a shared library that a test uses: an empty file stands for each, for nothing can be linked here.
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_LIBRARY_PATH="/usr/lib/$(gcc -print-multiarch)" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_LINK_EXECUTABLE="<CMAKE_COMMAND> -E touch <TARGET>" -DCMAKE_C_CREATE_SHARED_LIBRARY="<CMAKE_COMMAND> -E touch <TARGET>" \
    -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY >"$build/configure.log" 2>&1 || {
    cat "$build/configure.log" >&2
    fail "configuring failed"
}

objects=$(ninja -C "$build" -t targets all | sed -n 's/^\([^ ]*\.o\): .*/\1/p')
[ -n "$objects" ] || fail "there is nothing to compile"
# shellcheck disable=SC2086 # the objects are words
ninja -C "$build" --quiet $objects

count=$(echo "$objects" | wc -l)
for object in $objects; do
    case $(readelf -h "$build/$object") in
    *AArch64*) ;;
    *) fail "$object is not for 64-bit ARM" ;;
    esac
done
echo "check-arm64: $count objects compiled"
