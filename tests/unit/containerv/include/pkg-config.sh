#!/bin/bash
# Build and run a program against the installed tree, found by pkg-config.
# usage: pkg-config.sh COMPILER PREFIX LIB-FOLDER SOURCE SANITIZERS COVERAGE
set -euo pipefail

export PKG_CONFIG_PATH=$2/$3/pkgconfig
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra flags <<<"$(pkg-config --cflags --libs containerv)"
[ -z "$5" ] || flags+=("-fsanitize=$5")
"$1" -std=c99 -Wall -Wextra -Werror -pedantic "$4" "${flags[@]}" "-Wl,-rpath,$2/$3" -o "$work/consumer"
"$work/consumer" "$(pkg-config --modversion containerv)"
