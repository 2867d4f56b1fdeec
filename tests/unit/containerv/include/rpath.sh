#!/bin/bash
# No program or library of ours looks for libraries in a folder that depends on where it is started: an empty or relative entry of its
# path would let whoever can write to the current folder run code in it.
#
# usage: rpath.sh FILE...
set -euo pipefail

for file; do
    path=$(readelf -d "$file" | sed -n 's/.*(R\(UN\)\?PATH).*\[\(.*\)\]/\2/p')
    [ -n "$path" ] || continue
    case ":$path:" in *::*)
        echo "$file: an empty entry in '$path'" >&2
        exit 1
        ;;
    esac
    IFS=: read -ra entries <<<"$path"
    # shellcheck disable=SC2016 # $ORIGIN is the linker's own word
    for entry in "${entries[@]}"; do
        case $entry in
        /* | '$ORIGIN' | '$ORIGIN/'*) ;;
        *)
            echo "$file: '$entry' in '$path'" >&2
            exit 1
            ;;
        esac
    done
done
