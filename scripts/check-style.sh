#!/bin/bash
# The house rules that a program can check: form (clang-format), sizes of files and functions, blanks at line ends, marks of unfinished work.
#
# usage: scripts/check-style.sh
set -euo pipefail

cd "$(dirname "$0")/.."
max_file=800 max_function=80 max_median=15 max_p90=50
findings=0

finding() {
    printf 'check-style: %s\n' "$1" >&2
    findings=$((findings + 1))
}

# The files of the tree: tracked ones and new ones. Fuzz inputs and golden documents are as they are.
mapfile -t files < <(git ls-files --cached --others --exclude-standard | grep -Ev '^tests/fuzz/corpus/|/data/|^LICENSE$' |
    while read -r file; do [ ! -f "$file" ] || echo "$file"; done)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '\.[ch]$')

for file in "${sources[@]}"; do
    clang-format "$file" | cmp -s - "$file" || finding "$file: not as clang-format has it: clang-format -i $file"
done

for file in "${files[@]}"; do
    lines=$(wc -l <"$file")
    [ "$lines" -le $max_file ] || [[ $file == *.md ]] || finding "$file: $lines lines, $max_file is the limit"
done

while read -r line; do
    finding "blanks at the end of the line: $line"
done < <(grep -nE '[[:blank:]]+$' -- "${files[@]}" || true)

# The patterns are put together so that they don't find themselves.
while read -r line; do
    finding "unfinished: $line"
done < <(grep -nwE 'TO''DO|FIX''ME|X''XX' -- "${files[@]}" || true)

# A function's body begins and ends with a brace in the first column; nothing else does (.clang-format).
functions=$(awk '
    FNR == 1 { start = 0 }
    /^[A-Za-z_].*\(/ { head = $0 }
    $0 == "{" { start = FNR }
    $0 == "}" && start { print FNR - start - 1, FILENAME ":" start, head; start = 0 }
' "${sources[@]}" | sort -n)
while read -r lines where head; do
    [ "$lines" -le $max_function ] || finding "$where: a function of $lines lines, $max_function is the limit: $head"
done <<<"$functions"

count=$(wc -l <<<"$functions")
nth() {
    awk -v n="$1" 'NR == n { print $1 }' <<<"$functions"
}
median=$(nth $(((count + 1) / 2)))
p90=$(nth $(((count * 9 + 9) / 10)))
longest=$(nth "$count")
echo "check-style: $count functions, lines of their bodies: median $median, 90 % within $p90, longest $longest"
[ "$median" -le $max_median ] || finding "the median of functions' lengths is $median, $max_median is the limit"
[ "$p90" -le $max_p90 ] || finding "90 % of the functions are within $p90 lines, $max_p90 is the limit"

if [ $findings -gt 0 ]; then
    echo "check-style: $findings findings" >&2
    exit 1
fi
echo "check-style: ${#sources[@]} sources of ${#files[@]} files are in style"
