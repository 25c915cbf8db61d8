#!/bin/bash
# Proves that the initrd is reproducible: builds kernel and initrd twice from scratch, from the cached
# packages, in two directories, and compares the checksums with each other and with the built ones.
# Usage: check.sh AGENT
set -euo pipefail
. "$(dirname "$0")/common.sh"

build_in() {
    GUEST_OUT=$1 GUEST_CACHE=$GUEST_CACHE "$GUEST_RECIPE/kernel.sh" >/dev/null
    GUEST_OUT=$1 GUEST_CACHE=$GUEST_CACHE "$GUEST_RECIPE/initrd.sh" "$2" >/dev/null
}

sums_in() {
    (cd "$1" && sha256sum vmlinux initrd.img)
}

# Whether the built initrd was made from what this one is; an older one may differ.
same_inputs() {
    cmp -s "$GUEST_OUT/initrd.made-from" "$1/initrd.made-from"
}

main() {
    local agent=${1:?usage: check.sh AGENT} scratch first second
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064  # expanded now: the name is known now
    trap "rm -rf '$scratch'" EXIT
    build_in "$scratch/first" "$agent"
    sleep 1 # so that a time stamp of today in the archive shows
    build_in "$scratch/second/elsewhere" "$agent"
    first=$(sums_in "$scratch/first")
    second=$(sums_in "$scratch/second/elsewhere")
    printf '%s\n' "$first"
    [[ $first == "$second" ]] || die "two builds differ: $second"
    if same_inputs "$scratch/first"; then
        [[ $(sums_in "$GUEST_OUT") == "$first" ]] ||
            die "the files in $GUEST_OUT are not what a fresh build gives; remove them and run make guest"
    fi
    say "two builds from scratch are equal"
}

main "$@"
