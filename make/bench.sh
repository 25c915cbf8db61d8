#!/bin/bash
# Does its own set-up, then measures kata-runtime beside runc, crun and bare QEMU. Prints a table; writes
# $BUILD/bench/results.json. RUNS=10 CALLS=100 for more of each, COMPARE=old.json for an earlier run beside it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

set_up() {
    need_root
    need_amd64
    step "install missing packages" make/deps.sh build run test
    step "compile" make/build.sh
    step "make the guest's kernel and initrd" make/guest.sh
    step "install to $PREFIX and $GUEST_DIR" make/install.sh
    step "libvirt answers" make/ensure-libvirt.sh
}

set_up
KATA_RUNTIME=$PREFIX/bin/kata-runtime exec tests/bench/run "$@"
