#!/bin/sh
# Make a Wine prefix (Windows 10, no X, no sound) and print its folder. A finished one is kept in the cache; a folder given as the
# argument becomes a copy of it, so that each build has its own, and ending its wineserver disturbs nobody else.
#
# usage: scripts/wine-prefix.sh [FOLDER]
set -eu

here=$(dirname "$0")
recipe=1 # raise it when the way of making the prefix changes
cache=${CV_BUILD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/containerv}

fail() {
    echo "wine-prefix: $*" >&2
    exit 1
}

[ -x /usr/lib/wine/wine64 ] || fail "no /usr/lib/wine/wine64: install wine64"
template=$cache/wine-$(dpkg-query -W -f '${Version}' wine64 | tr -c 'A-Za-z0-9.\n' _)-r$recipe

make_template() {
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/wine-work-XXXXXX")
    trap '"$wineserver_program" -k 2>/dev/null || :; rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    prefix=$work/prefix
    mkdir "$prefix"
    # shellcheck source=scripts/wine-env.sh
    . "$here/wine-env.sh"
    HOME=$work/home
    export HOME
    mkdir "$HOME"
    {
        "$wine_program" wineboot -i
        # the default is Windows 7, which has none of what we use
        "$wine_program" reg add 'HKCU\Software\Wine' /v Version /d win10 /f
        "$wineserver_program" -w
    } >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "making the prefix failed"
    }
    [ -e "$prefix/system.reg" ] || fail "wineboot made no registry"
    touch "$prefix/done"
    mv -T "$prefix" "$template" 2>/dev/null || [ -e "$template/done" ] || fail "can't put the prefix at $template"
}

[ -e "$template/done" ] || (make_template)
[ -e "$template/done" ] || exit 1

if [ $# -eq 0 ]; then
    echo "$template"
    exit 0
fi
if [ ! -e "$1/done" ]; then
    rm -rf "$1" "$1.new"
    mkdir -p "$(dirname "$1")"
    cp -a --reflink=auto "$template" "$1.new"
    mv -T "$1.new" "$1"
fi
echo "$1"
