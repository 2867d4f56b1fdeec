#!/bin/sh
# Cross-build the C libraries that the Windows side links (static, mingw-w64) from the distribution's source packages.
# Prints the folder that has them. It is kept outside the tree under a name made of the versions, so this is done once.
#
# usage: scripts/windows-libs.sh [--path-only]     --path-only: print the folder, build nothing
set -eu

packages="jansson cmocka"
target=x86_64-w64-mingw32
recipe=2 # raise it when the way of building below changes

cache=${CV_BUILD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/containerv}

fail() {
    echo "windows-libs: $*" >&2
    exit 1
}

# Versions are those of the installed -dev packages, so that both sides are tested against the same library.
version_of() {
    dpkg-query -W -f '${source:Upstream-Version}' "lib$1-dev" 2>/dev/null || fail "lib$1-dev is not installed"
}

compiler_version=$("$target-gcc" -dumpversion) || fail "no $target-gcc: install gcc-mingw-w64-x86-64"
key=gcc$compiler_version-r$recipe
for package in $packages; do
    key=$key-$package$(version_of "$package")
done
prefix=$cache/mingw-$key

if [ "${1:-}" = --path-only ] || [ -e "$prefix/done" ]; then
    echo "$prefix"
    exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/mingw-work-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# A private view of apt: the system's lists and sources stay as they are.
private_apt() {
    apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt/parts" \
        -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root "$@"
}

# The same archives as for binary packages, with deb-src instead.
make_source_lists() {
    mkdir -p "$work/apt/parts" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -e "$list" ] || continue
        sed 's/^Types:.*/Types: deb-src/' "$list" >"$work/apt/parts/$(basename "$list")"
    done
    if [ -s /etc/apt/sources.list ]; then
        sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/apt/parts/main.list"
    fi
}

# cmocka always makes its DLL too: it is not used.
options_of() {
    case $1 in
    jansson) echo "-DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF" ;;
    cmocka) echo "-DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF" ;;
    esac
}

build() {
    source=$(find "$work" -maxdepth 1 -type d -name "$1-*" | head -n 1)
    [ -n "$source" ] || fail "the source of $1 was not unpacked"
    # shellcheck disable=SC2046 # the options are words
    cmake -G Ninja -S "$source" -B "$work/build-$1" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=x86_64 -DCMAKE_C_COMPILER="$target-gcc" \
        -DCMAKE_C_FLAGS="-D_WIN32_WINNT=0x0A00 -D__USE_MINGW_ANSI_STDIO=1" \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCMAKE_INSTALL_LIBDIR=lib $(options_of "$1")
    cmake --build "$work/build-$1" -j2
    cmake --install "$work/build-$1"
}

log=$work/log
{
    make_source_lists
    private_apt update
    for package in $packages; do
        (cd "$work" && private_apt source --only-source "$package")
        build "$package"
    done
    touch "$work/prefix/done"
} >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail "building the libraries failed"
}

# Whoever comes first wins; what another run has put there meanwhile is as good.
mv -T "$work/prefix" "$prefix" 2>/dev/null || [ -e "$prefix/done" ] || fail "can't put the libraries at $prefix"
echo "$prefix"
