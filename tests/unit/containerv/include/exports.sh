#!/bin/bash
# The names that the shared library exports are those that are CV_PUBLIC in the headers, both ways.
# usage: exports.sh LIBRARY INCLUDE-FOLDER
set -euo pipefail

declared=$(find "$2/chef" -name "*.h" ! -name visibility.h -exec cat {} + | tr "\n" " " | grep -oE "CV_PUBLIC [^(;]*\(" |
    grep -oE "[a-z_0-9]+\($" | tr -d "(" | sort)
exported=$(nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)
versions=$(nm -D --defined-only "$1" | awk '$2 == "A" { print $3 }')
diff <(echo "$declared") <(echo "$exported") || { echo "declared (<) and exported (>) differ" >&2; exit 1; }
[ "$(echo "$declared" | wc -l)" -ge 50 ] || { echo "only found: $declared" >&2; exit 1; }
[[ $versions == *CONTAINERV_0.1* ]] || { echo "no version CONTAINERV_0.1: $versions" >&2; exit 1; }
[[ $(readelf -d "$1") == *"soname: [libcontainerv.so.0]"* ]] || { echo "wrong soname" >&2; exit 1; }
