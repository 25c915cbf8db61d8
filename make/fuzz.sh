#!/bin/bash
# Does its own set-up, builds the fuzzers of tests/fuzz with clang and runs each for FUZZ_SECONDS. What makes one crash
# is kept beside it; the others run in any case.
set -euo pipefail
. "$(dirname "$0")/common.sh"

main() {
    local fuzzer found=0 crashed=()
    need_root
    step "install missing packages" make/deps.sh build test
    cmake -S . -B "$BUILD-fuzz" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DKATA_FUZZ=ON --log-level=WARNING
    cmake --build "$BUILD-fuzz" --parallel "$JOBS" --target fuzzers
    for fuzzer in "$BUILD-fuzz"/tests/fuzz/fuzz_*; do
        [[ -f $fuzzer && -x $fuzzer ]] || continue
        found=1
        # What it finds goes to the first directory; the second has what it begins with.
        mkdir -p "$fuzzer.corpus"
        "$fuzzer" -max_total_time="${FUZZ_SECONDS:-60}" -artifact_prefix="$fuzzer." "$fuzzer.corpus" \
            "tests/fuzz/corpus/${fuzzer##*/}" || crashed+=("${fuzzer##*/}")
    done
    [[ $found == 1 ]] || die "no fuzzer was built"
    [[ ${#crashed[@]} == 0 ]] || die "found something: ${crashed[*]}; the input is in $BUILD-fuzz/tests/fuzz"
}

main "$@"
