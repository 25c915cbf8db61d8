#!/bin/bash
# Proves that initrd, image and loader are reproducible: builds them and the kernel twice from scratch, from the cached
# packages, in two directories, and compares the checksums with each other and with the built ones.
# Usage: check.sh AGENT LOADER
set -euo pipefail
. "$(dirname "$0")/common.sh"

build_in() {
    local GUEST_OUT=$1
    export GUEST_OUT GUEST_CACHE
    {
        "$GUEST_RECIPE/kernel.sh"
        "$GUEST_RECIPE/initrd.sh" "$2"
        "$GUEST_RECIPE/image.sh"
        "$GUEST_RECIPE/loader.sh" "$3"
    } >/dev/null
}

sums_in() {
    (cd "$1" && sha256sum vmlinux initrd.img kata-containers.img loader.img)
}

# Whether the built files were made from what these are; older ones may differ.
same_inputs() {
    cmp -s "$GUEST_OUT/kata-containers.img.made-from" "$1/kata-containers.img.made-from" &&
        cmp -s "$GUEST_OUT/loader.made-from" "$1/loader.made-from"
}

main() {
    local agent=${1:?usage: check.sh AGENT LOADER} loader=${2:?usage: check.sh AGENT LOADER} scratch first second
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064  # expanded now: the name is known now
    trap "rm -rf '$scratch'" EXIT
    build_in "$scratch/first" "$agent" "$loader"
    sleep 1 # so that a time stamp of today in the archive shows
    build_in "$scratch/second/elsewhere" "$agent" "$loader"
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
