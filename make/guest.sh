#!/bin/bash
# Makes the guest's kernel and initrd and prints their sizes; with "check", proves that they are reproducible.
set -euo pipefail
. "$(dirname "$0")/common.sh"

GUEST_OUT=$(realpath -m "$BUILD")/guest
export GUEST_OUT
agent=$(built kata-agent)
case ${1:-make} in
make)
    guest/kernel.sh
    guest/initrd.sh "$agent"
    guest/sizes.sh
    ;;
check) guest/check.sh "$agent" ;;
*) die "make or check, not $1" ;;
esac
