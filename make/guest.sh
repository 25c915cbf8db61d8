#!/bin/bash
# Makes the guest's kernel, initrd and image and prints their sizes; with "check", proves that they are reproducible.
set -euo pipefail
. "$(dirname "$0")/common.sh"

GUEST_OUT=$(realpath -m "$BUILD")/guest
export GUEST_OUT
agent=$(built kata-agent)
loader=$(built kata-loader)
case ${1:-make} in
make)
    guest/kernel.sh
    guest/initrd.sh "$agent"
    guest/image.sh
    guest/loader.sh "$loader"
    guest/sizes.sh
    ;;
check) guest/check.sh "$agent" "$loader" ;;
*) die "make or check, not $1" ;;
esac
