#!/bin/bash
# The kernel that the guest boots: the distribution's cloud kernel, unpacked into a cache outside the tree, not installed.
# Prints the folder: vmlinuz, modules.cpio (busybox, modules, and the order they are loaded in), version.
#
# usage: tests/guest/kernel.sh
set -euo pipefail

meta=linux-image-cloud-amd64
modules=(virtio_pci virtio_blk virtio_console overlay veth bridge)
cache=${CV_BUILD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/containerv}/guest

fail() {
    echo "guest kernel: $*" >&2
    exit 1
}

# The name has the kernel's ABI in it, so the package behind it changes while its name does not.
candidate() {
    apt-cache depends "$meta" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p'
}

version_of() {
    apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
}

# The lists may be missing, or too old for the archive.
download() {
    local options=(-q -o APT::Sandbox::User=root)
    apt-get "${options[@]}" download "$1=$2" >&2 && return
    apt-get -q update >&2
    version=$(version_of "$1")
    apt-get "${options[@]}" download "$1=$version" >&2
}

# Each module once, after those that it needs.
module_files() {
    local module
    for module in "${modules[@]}"; do
        modprobe -d "$work/root" -S "$release" --show-depends "$module" || fail "the kernel has no module $module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

pack() {
    local tree=$work/initrd file
    mkdir -p "$tree"/{bin,dev,proc,sys,root,modules}
    install -m 755 "$busybox" "$tree/bin/busybox"
    while read -r file; do
        cp "$file" "$tree/modules/"
        basename "$file" >>"$tree/modules/order"
    done < <(module_files)
    [ -s "$tree/modules/order" ] || fail "no modules found in $package"
    (cd "$tree" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$work/modules.cpio"
}

for program in cpio modprobe depmod dpkg-deb apt-get; do
    command -v "$program" >/dev/null || fail "'$program' is missing: ./dev test installs it"
done
busybox=$(command -v busybox) || fail "busybox-static is not installed"

package=$(candidate)
if [ -z "$package" ]; then
    apt-get -q update >&2
    package=$(candidate)
fi
[ -n "$package" ] || fail "the distribution has no $meta"
version=$(version_of "$package")

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
recipe=$(cat "$0" "$busybox" | sha256sum | cut -c 1-12)
folder=$cache/$package-$version-$recipe
if [ ! -e "$folder/done" ]; then
    work=$(mktemp -d "$cache/work-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    (cd "$work" && download "$package" "$version") || fail "can't download $package"
    folder=$cache/$package-$version-$recipe # the version is another one when the lists were old
    dpkg-deb -x "$work"/linux-image-*.deb "$work/root"
    release=$(basename "$work"/root/lib/modules/*)
    depmod -b "$work/root" "$release"
    pack
    cp "$work/root/boot/vmlinuz-$release" "$work/vmlinuz"
    echo "$package $version" >"$work/version"
    rm -rf "$work/root" "$work/initrd" "$work"/*.deb "$folder"
    touch "$work/done"
    mv -T "$work" "$folder"
fi
echo "$folder"
