#!/bin/bash
# Prints how large the guest's files are, and what is big in the initrd.
set -euo pipefail
. "$(dirname "$0")/common.sh"

size_of() {
    numfmt --to=iec-i --suffix=B --format='%.1f' "$(stat -c %s "$1")"
}

main() {
    local stage="$GUEST_OUT/initrd.stage"
    printf '%-10s %9s  %s\n' kernel "$(size_of "$GUEST_OUT/vmlinux")" "$(cat "$GUEST_OUT/kernel.made-from")"
    printf '%-10s %9s  %s modules; the largest members:\n' initrd "$(size_of "$GUEST_OUT/initrd.img")" \
        "$(wc -l <"$stage/etc/kata-agent/modules")"
    find "$stage" -type f -printf '%s /%P\n' | sort -k1,1nr | sed -n '1,6p' |
        numfmt --field=1 --to=iec-i --suffix=B --format='%.1f' | sed 's/^\([^ ]*\) /           \1  /'
    printf '%-10s %9s  %s\n' image "$(size_of "$GUEST_OUT/kata-containers.img")" "ext4, the same files"
    printf '%-10s %9s  %s\n' loader "$(size_of "$GUEST_OUT/loader.img")" "the initrd of guests with an image"
}

main "$@"
