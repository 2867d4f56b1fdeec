#!/bin/bash
# Compile for this machine and for Windows, and install into build/install.
#
# usage: scripts/build.sh [--native-only]
set -euo pipefail

cd "$(dirname "$0")/.."

cmake --preset default
cmake --build --preset default -j "$(nproc)"
rm -rf build/install
cmake --install build --prefix "$PWD/build/install" >build/install.log || {
    cat build/install.log >&2
    exit 1
}
if [ "${1:-}" != --native-only ]; then
    scripts/test-windows.sh --build-only
    mkdir -p build/windows/bin
fi
echo "build: programs in build/bin, libraries in build/lib, an install in build/install, Windows programs in build/windows/bin"
