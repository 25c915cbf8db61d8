#!/bin/bash
# Makes $GUEST_OUT/loader.img: the initrd of guests whose root is on an image. It has kata-loader as /init and the
# kernel modules of guest/root-modules, and is as reproducible as initrd.img, by the same code.
# Usage: loader.sh LOADER   (needs kernel.sh's output)
set -euo pipefail
. "$(dirname "$0")/initrd.sh"

STAGE=$GUEST_OUT/loader.stage

stage_root_modules() {
    local kind name path
    while read -r kind name; do
        stage_named_modules "$name" | while read -r path; do
            printf '%s %s\n' "$kind" "$path"
        done
    done < <(read_list "$GUEST_RECIPE/root-modules") >"$STAGE/etc/kata-loader/modules"
}

stage_loader() {
    rm -rf "$STAGE"
    mkdir -p "$STAGE"/{dev,etc/kata-loader,proc,sys,tmp,usr/lib}
    ln -s usr/lib "$STAGE/lib"
    install -m 0755 "$1" "$STAGE/init"
    stage_root_modules
}

# What the archive is made from, as one checksum.
loader_inputs() {
    cat "$GUEST_OUT/kernel.made-from" "$1" "$GUEST_RECIPE"/{loader.sh,initrd.sh,common.sh,root-modules} |
        sha256sum | cut -d' ' -f1
}

make_loader() {
    local loader=${1:?usage: loader.sh LOADER} sum
    [[ -x $loader ]] || die "no kata-loader at $loader; run make build first"
    [[ -s $GUEST_OUT/kernel.made-from ]] || die "no kernel at $GUEST_OUT; run kernel.sh first"
    sum=$(loader_inputs "$loader")
    if [[ -s $GUEST_OUT/loader.img && $(cat "$GUEST_OUT/loader.made-from" 2>/dev/null) == "$sum" ]]; then
        return
    fi
    say "loader with $loader"
    umask 022
    stage_loader "$loader"
    pack "$GUEST_OUT/loader.img"
    printf '%s\n' "$sum" >"$GUEST_OUT/loader.made-from"
}

make_loader "$@"
