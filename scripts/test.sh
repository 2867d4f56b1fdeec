#!/bin/bash
# Every test, in order of what fails first. All parts are run, whatever fails; the last lines are ctest's own about the default build.
#
# usage: scripts/test.sh [--quick]     --quick: the default build's tests only
# shellcheck disable=SC2317 # functions are called through part()
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
logs=$PWD/build/test-logs
rm -rf "$logs"
mkdir -p "$logs"
jobs=$(nproc)
# Messages that tests compare are the C locale's.
export LC_ALL=C.UTF-8

# Whole outputs: skips are looked for in them.
results=(--no-tests=error --test-output-size-passed 1000000)
declare -a summary=()
failed=0

# part NAME COMMAND...: run it, show what it prints, keep it in a log, note how it ended.
part() {
    local name=$1 started=$SECONDS result=ok
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$logs/${name// /-}.log"
    if [ "${PIPESTATUS[0]}" -ne 0 ]; then
        result=FAILED
        failed=1
    fi
    summary+=("$(printf '%-34s %-6s %4d s' "$name" "$result" $((SECONDS - started)))")
    [ $result = ok ]
}

build_preset() {
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"
}

# ctest_in FOLDER NAME ARGUMENT...: NAME.xml gets the results, for the skips' script.
ctest_in() {
    local folder=$1 name=$2
    shift 2
    ctest --test-dir "$folder" --output-on-failure "${results[@]}" --output-junit "$logs/$name.xml" "$@"
}

asan_tests() {
    export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    ctest_in build/asan asan -L unit -j "$jobs" && ctest_in build/asan asan-integration -L integration
}

coverage_tests() {
    find build/coverage -name '*.gcda' -delete
    ctest_in build/coverage coverage -L unit -j "$jobs" || return
    gcovr --root . --filter 'libs/' --filter 'tools/' --filter 'daemons/' --object-directory build/coverage -j "$jobs" build/coverage \
        >"$logs/gcovr.txt" || return
    sed -n 's/^TOTAL.* \([0-9]*%\).*/line coverage of the unit tests: \1 of libs, tools and daemons/p' "$logs/gcovr.txt"
}

if part "build" build_preset default; then
    part "tests" ctest_in build default
    if [ "${1:-}" != --quick ]; then
        part "sanitizers build" build_preset asan && part "sanitizers" asan_tests
        part "valgrind" scripts/test-valgrind.sh
        part "coverage build" build_preset coverage && part "coverage" coverage_tests
        part "windows" scripts/test-windows.sh "${results[@]}" --output-junit "$logs/windows.xml"
    fi
    part "skips" scripts/check-skips.py tests/expected-skips.txt "$logs"/*.xml
    if [ "${1:-}" != --quick ] && [ -x scripts/demo.sh ]; then
        part "demo" scripts/demo.sh
    fi
fi

echo
printf '%s\n' "${summary[@]}"
[ ! -s "$logs/coverage.log" ] || grep '^line coverage' "$logs/coverage.log"
[ $failed -eq 0 ] || echo "something FAILED, see the list above; logs are in build/test-logs"
echo
if [ -e "$logs/tests.log" ]; then
    sed -n '/tests passed, .* tests failed out of /,$p' "$logs/tests.log"
fi
exit $failed
