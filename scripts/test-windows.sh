#!/bin/sh
# Build for Windows and run the unit tests under Wine: libraries, Wine prefix, configure, build, ctest. Arguments go to ctest.
#
# usage: scripts/test-windows.sh [--build-only] [CTEST-ARGUMENT...]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"

"$here/windows-libs.sh" >/dev/null
cmake --preset windows
cmake --build --preset windows -j "$(nproc)"
if [ "${1:-}" = --build-only ]; then
    exit 0
fi

prefix=$("$here/wine-prefix.sh" "$root/build/windows/wine-prefix")
# shellcheck source=scripts/wine-env.sh
. "$here/wine-env.sh"

# scripts/wine-run.sh starts this prefix' server; nobody else uses it, so nobody is hurt when it ends here.
trap '"$wineserver_program" -k || :' EXIT
trap 'exit 1' HUP INT TERM

CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)} ctest --test-dir build/windows --output-on-failure "$@"
