# Sourced by ./dev and by the scripts that install: what scripts/packages.txt names.
# shellcheck shell=bash

# The packages of the named groups, once each.
packages_of() {
    local groups=" $* " group package
    while read -r group package _; do
        case $group in
        '' | '#'*) ;;
        *) [[ $groups != *" $group "* ]] || echo "$package" ;;
        esac
    done <scripts/packages.txt | sort -u
}

packages_missing() {
    local package
    for package in $(packages_of "$@"); do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# Calls apt-get only when something is missing.
packages_install() {
    local missing as_root=()
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "dev: these packages are missing, and there is no apt-get to install them: ${missing[*]}" >&2
        return 1
    fi
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "dev: installing ${missing[*]}"
    "${as_root[@]}" apt-get -q update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
}
