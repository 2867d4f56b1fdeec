#!/bin/sh
# Run one Windows program under Wine in the prefix of its build folder; what CMake and ctest call for the Windows preset.
#
# usage: scripts/wine-run.sh PROGRAM.exe [ARGUMENT...]
set -eu

here=$(dirname "$0")
prefix=${CV_WINE_PREFIX:-$here/../build/windows/wine-prefix}
[ -e "$prefix/done" ] || "$here/wine-prefix.sh" "$prefix" >/dev/null
prefix=$(cd "$prefix" && pwd)

# shellcheck source=scripts/wine-env.sh
. "$here/wine-env.sh"
HOME=$prefix
export HOME

# The first program starts Wine's services, which keep that program's pipes open for as long as they live: whoever reads these would wait
# for them. So the first one is ours and has none, and the others wait for it. The server ends by itself half a minute after the last
# program. Starting it fails when there is one already, which is the usual case.
exec 9>"$prefix/start.lock"
flock 9
if "$wineserver_program" -p30 9>&- >/dev/null 2>&1; then
    "$wine_program" cmd /c exit 9>&- </dev/null >/dev/null 2>&1
fi
exec 9>&-
exec "$wine_program" "$@"
