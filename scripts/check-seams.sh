#!/bin/sh
# Look for system macros and system headers outside the two seams (ARCHITECTURE.md). What isn't in a folder or file of one system may include
# C's own headers, ours, and those of libraries that every system has; anything else is a finding.
#
# usage: scripts/check-seams.sh [ROOT]          check a tree, this one by default
#        scripts/check-seams.sh --self-test     check that each kind of finding is found
set -eu

# Folders that are one system's, and files that say so by their name.
seams='^(libs/platform/(posix|windows)|libs/containerv/(linux|windows|vm|wsl2)|(.*/)?include/(posix|windows))/|-(linux|posix|windows)\.[ch]$'

macros='(_WIN32|_WIN64|WIN32|_MSC_VER|__MINGW(32|64)__|__CYGWIN__|__linux|__linux__|linux|__unix|__unix__|__APPLE__|__FreeBSD__|__BSD__|CV_SYSTEM[A-Z_]*)'
c_headers='assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio'
c_headers="$c_headers|stdlib|stdnoreturn|string|tgmath|time|uchar|wchar|wctype"
# POSIX ones that mingw-w64 has as well, with the same meaning
c_headers="$c_headers|getopt|strings"
headers="<(($c_headers)\.h|(cv|chef)/[^>]*|jansson\.h|protobuf-c/protobuf-c\.h)>"

findings() (
    cd "$1"
    for folder in libs daemons tools guest; do
        [ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
    done | sort | grep -Ev "$seams" | while read -r file; do
        grep -nE "^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)([^A-Za-z0-9_].*)?[^A-Za-z0-9_]$macros([^A-Za-z0-9_]|\$)" "$file" |
            sed "s|^|$file:|; s|\$|   <- a system's macro|"
        grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' "$file" | grep -vE "$headers" |
            sed "s|^|$file:|; s|\$|   <- a system's header|"
    done
)

fail() {
    echo "check-seams: $*" >&2
    exit 1
}

# expect FOUND|CLEAN FILE LINE: a tree of that one file with that one line.
expect() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/$(dirname "$2")"
    printf '%s\n' "$3" >"$work/tree/$2"
    result=CLEAN
    [ -z "$(findings "$work/tree")" ] || result=FOUND
    [ "$result" = "$1" ] || fail "self-test: '$3' in $2 is $result"
    count=$((count + 1))
}

self_test() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    count=0
    for line in '#ifdef _WIN32' '#ifndef _WIN32' '#if defined(__linux__)' '  #  if !defined(__unix__)' '#elif defined(X) || defined(_MSC_VER)' \
        '#include <unistd.h>' '#include <windows.h>' ' # include <sys/mount.h>' '#include <linux/seccomp.h>' '#if __APPLE__'; do
        expect FOUND libs/containerv/core/create.c "$line"
        expect FOUND tools/cvctl/cmd-run.h "$line"
        expect FOUND libs/platform/common/str.c "$line"
        expect CLEAN libs/platform/posix/file.c "$line"
        expect CLEAN libs/platform/windows/file.c "$line"
        expect CLEAN libs/platform/include/windows/cv/native.h "$line"
        expect CLEAN libs/containerv/linux/init.c "$line"
        expect CLEAN tools/cvctl/doctor-linux.c "$line"
        expect CLEAN daemons/cvd/server/rootfs/tool-posix.c "$line"
    done
    for line in '#include <stdio.h>' '#include <cv/str.h>' '#include <chef/containerv.h>' '#include "fields.h"' '#ifdef CV_BANNED_H' \
        '/* see <unistd.h> */' '#if defined(__GNUC__)' 'int linux;'; do
        expect CLEAN libs/containerv/core/create.c "$line"
    done
    echo "check-seams: self-test: $count cases are right"
}

if [ "${1:-}" = --self-test ]; then
    self_test
    exit 0
fi
root=${1:-$(dirname "$0")/..}
found=$(findings "$root")
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    fail "$(printf '%s\n' "$found" | wc -l) findings"
fi
echo "check-seams: nothing outside the seams"
