#!/bin/bash
# Does its own set-up, then runs test-posix with runc and on every kind of shared file system; see tests/posix/run.
set -euo pipefail
. "$(dirname "$0")/common.sh"

set_up build run test posix
step "compile test-posix" cmake --build "$BUILD" --parallel "$JOBS" --target test-posix
KATA_RUNTIME=$PREFIX/bin/kata-runtime exec tests/posix/run "$@"
