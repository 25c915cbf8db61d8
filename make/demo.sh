#!/bin/bash
# From a fresh clone to a container in a virtual machine: installs what is missing, builds, installs, makes
# libvirt answer, then runs a busybox bundle and shows that it ran under another kernel.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# A second caller of this script would otherwise take the first one's container.
ID=demo-$$
WORK=

runtime() {
    "$PREFIX/bin/kata-runtime" "$@"
}

# Prints how long each step of the command took, from the runtime's own log.
show_breakdown() {
    local log=$1 total=$2
    jq -r '.msg' "$log" | sed -nE 's/^(create|start|delete): (.*) took ([0-9]+) us$/\1\t\2\t\3/p' |
        awk -F'\t' '{ printf "    %-8s %-24s %7.0f ms\n", $1, $2, $3 / 1000 }'
    printf '    %-33s %7d ms\n' "whole command" "$total"
}

run_uname() {
    local began guest total
    KATA_RUNTIME="$PREFIX/bin/kata-runtime" make/bundle.sh "$WORK" uname -r
    began=$(date +%s%N)
    guest=$(runtime --debug --log "$WORK/log" --log-format json run --bundle "$WORK" "$ID")
    total=$((($(date +%s%N) - began) / 1000000))
    printf '\n  kernel of this machine:   %s\n  kernel of the container:  %s\n' "$(uname -r)" "$guest"
    [[ -n $guest ]] || die "the container printed nothing"
    printf '\n  where the time of "kata-runtime run" went:\n'
    show_breakdown "$WORK/log" "$total"
}

# The exit code of the workload is the exit code of the command.
run_exit_code() {
    local code=0
    KATA_RUNTIME="$PREFIX/bin/kata-runtime" make/bundle.sh "$WORK" sh -c 'exit 7'
    runtime run --bundle "$WORK" "$ID-exit" || code=$?
    [[ $code == 7 ]] || die "a container that exits with 7 made kata-runtime exit with $code"
    printf '\n  a container that exits with 7 makes the command exit with %d\n' "$code"
}

main() {
    set_up build run
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    echo '  $ kata-runtime run demo     (busybox: uname -r)'
    run_uname
    run_exit_code
    printf '\nTry by hand: cd to a bundle, "sudo kata-runtime run NAME"; "sudo virsh list" shows its machine.\n'
}

main "$@"
