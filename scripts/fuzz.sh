#!/bin/sh
# usage: scripts/fuzz.sh TARGET SECONDS
# Build tests/fuzz/fuzz-TARGET.c with clang's libFuzzer and sanitizers, and run it for that long, from the corpus in the tree. New
# inputs go to build/fuzz/found/TARGET; what crashes is left there as crash-*, copy it to tests/fuzz/corpus/TARGET with the fix.
set -eu

[ $# -eq 2 ] || { sed -n 2,4p "$0" >&2; exit 2; }
target=$1 seconds=$2
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/fuzz
found=$build/found/$target
corpus=$root/tests/fuzz/corpus/$target
[ -d "$corpus" ] || { echo "there is no target '$target': no folder $corpus" >&2; exit 2; }

# one build at a time, so that several targets can be started at once
mkdir -p "$build"
exec 9>"$build/.fuzz-lock"
flock 9

# -w: warnings are checked by gcc's build, clang has others
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCV_FUZZ=ON \
    -DCMAKE_C_FLAGS="-fsanitize=fuzzer-no-link -w" -DCV_SANITIZE=address,undefined >/dev/null
cmake --build "$build" --target "fuzz-$target" -j2 >/dev/null
exec 9>&-
mkdir -p "$found"
cd "$found"
exec "$build/tests/fuzz-$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$found/" "$found" "$corpus"
