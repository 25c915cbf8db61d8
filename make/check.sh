#!/bin/bash
# Every check that needs no virtual machine. All of them run; the exit code is 1 if any failed.
set -euo pipefail
. "$(dirname "$0")/common.sh"

main() {
    local check code=0
    for check in format shell layout tidy; do
        echo "== $check"
        "tests/check/$check.sh" || code=1
    done
    echo "== units"
    make/units.sh || code=1
    [[ $code == 0 ]] || die "some checks failed"
}

main "$@"
