# Sourced by the scripts that run Wine: everything that Wine needs to know, and nothing of the user's own Wine.
# Wants: prefix = the folder of the Wine prefix to use.
# shellcheck shell=sh disable=SC2034,SC2154
export WINEPREFIX="$prefix"
export WINEDEBUG="${WINEDEBUG:--all}"
export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
export LC_ALL=C.UTF-8 # under LC_ALL=C, arguments beyond ASCII are dropped
unset DISPLAY WAYLAND_DISPLAY

# Debian's wrappers change options (wineserver -p0): go around them.
wine_program=/usr/lib/wine/wine64
wineserver_program=/usr/lib/wine/wineserver64
