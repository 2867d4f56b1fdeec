#!/bin/bash
# Install, and look whether all of it is there, and platform.h once.
# usage: install.sh CMAKE BUILD-FOLDER PREFIX INCLUDE-FOLDER LIB-FOLDER
set -euo pipefail

rm -rf "$3/$4/chef" "$3/$5/pkgconfig/containerv.pc" "$3/$5/cmake/containerv"
"$1" --install "$2" --prefix "$3" >/dev/null
for file in "$4"/chef/containerv.h "$4"/chef/containerv/{container,error,options,platform,visibility}.h "$5"/libcontainerv.so \
    "$5"/libcontainerv.so.0 "$5"/pkgconfig/containerv.pc "$5"/cmake/containerv/containerv-config{,-version}.cmake share/doc/containerv/LICENSE \
    bin/cvrun share/man/man8/cvrun.8 share/bash-completion/completions/cvrun share/zsh/site-functions/_cvrun share/fish/vendor_completions.d/cvrun.fish; do
    [ -s "$3/$file" ] || { echo "missing in the installed tree: $file" >&2; exit 1; }
done
[ "$(find "$3/$4" -name platform.h | wc -l)" = 1 ] || { echo "not exactly one platform.h" >&2; exit 1; }
[ -z "$(find "$3" -name '*_static*' -o -name '*fake*')" ] || { echo "something for tests was installed" >&2; exit 1; }
