#!/bin/bash
# What bash completes for cvrun.
# usage: completion.sh FILE
set -euo pipefail

# shellcheck disable=SC1090
source "$1"
cvrun() { # what the completion asks for the containers
    [ "$*" = "list --quiet" ] && printf '%s\n' one other
}

# expect RESULT WORD...: the last word is the one that is typed
expect() {
    local wanted=$1
    COMP_WORDS=(cvrun "${@:2}")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _cvrun
    [ "${COMPREPLY[*]}" = "$wanted" ] || {
        echo "completion.sh: '${COMP_WORDS[*]}' is completed to '${COMPREPLY[*]}', not to '$wanted'" >&2
        exit 1
    }
}

expect "create" cr
expect "--systemd-cgroup" --sys
expect "--console-socket" --root /x create --cons
expect "one other" start o
expect "" create o
expect "--no-new-privs" exec --no
expect "" list --cons
