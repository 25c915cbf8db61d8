#!/bin/bash
# Does its own set-up, then measures kata-runtime beside runc, crun and bare QEMU. Prints a table; writes
# $BUILD/bench/results.json. RUNS=10 CALLS=100 for more of each, COMPARE=old.json for an earlier run beside it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

set_up build run test bench
KATA_RUNTIME=$PREFIX/bin/kata-runtime exec tests/bench/run "$@"
