#!/bin/bash
# Runs the benchmarks, if this source tree has them.
set -euo pipefail
. "$(dirname "$0")/common.sh"

[[ -x tests/bench/run ]] || die "there is no tests/bench/run in this source tree"
need_root
exec tests/bench/run "$@"
