#!/bin/bash
# Each public header compiles alone, and twice in a row, as C99 or C++17 without a warning.
# usage: headers.sh COMPILER INCLUDE-FOLDER...
set -euo pipefail

compiler=$1
shift
case $compiler in
*++) language=(-x c++ -std=c++17) ;;
*) language=(-x c -std=c99) ;;
esac
flags=()
for folder in "$@"; do
    flags+=("-I$folder")
done
count=0
while read -r header; do
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$header" "$header" |
        "$compiler" "${language[@]}" -Wall -Wextra -Werror -pedantic -fsyntax-only "${flags[@]}" -
    count=$((count + 1))
done < <(for folder in "$@"; do (cd "$folder" && find chef -name '*.h'); done | sort -u)
echo "$count headers"
[ "$count" -ge 6 ]
