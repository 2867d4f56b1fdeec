#!/bin/bash
# Everything that is checked without running the product: seams, style, links, shell scripts, static analysis, clang, 64-bit ARM.
#
# usage: scripts/check.sh
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
failed=()

# shellcheck disable=SC2317 # called through check()
tidy() {
    cmake --preset default >/dev/null && cmake --build --preset default -j "$(nproc)" >/dev/null || return
    # what this machine compiles: compile_commands.json has no entry for the rest
    python3 -c 'import json; print("\n".join(sorted({c["file"] for c in json.load(open("build/compile_commands.json"))})))' |
        grep -E "^$PWD/(libs|tools|daemons)/" | xargs -P "$(nproc)" -n 4 clang-tidy -p build --quiet
}

# shellcheck disable=SC2317
clang_build() {
    cmake --preset clang >/dev/null || return
    if ! cmake --build --preset clang -j "$(nproc)" >build/clang.log; then
        tail -n 40 build/clang.log >&2
        return 1
    fi
}

# shellcheck disable=SC2317
shell_scripts() {
    git ls-files --cached --others --exclude-standard -- dev .ci/run 'scripts/*.sh' 'tests/*.sh' tests/guest/init | xargs shellcheck -x
}

check() {
    echo "== $1"
    "${@:2}" || failed+=("$1")
}

check "seams" scripts/check-seams.sh
check "seams self-test" scripts/check-seams.sh --self-test
check "style" scripts/check-style.sh
check "links" scripts/check-links.py
check "shell scripts" shell_scripts
check "clang-tidy" tidy
check "clang" clang_build
check "arm64" scripts/check-arm64.sh

if [ ${#failed[@]} -gt 0 ]; then
    echo "./dev check: FAILED: ${failed[*]}" >&2
    exit 1
fi
echo "./dev check: all is well"
