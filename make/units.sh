#!/bin/bash
# Builds the unit tests under ASan and UBSan in $BUILD-asan and runs them; with "build" or "run" one of both. A run
# leaves a file for each program in $BUILD-asan/units that says what became of each of its tests.
set -euo pipefail
. "$(dirname "$0")/common.sh"

ASAN=$BUILD-asan

# Not optimized: that compiles two to three times faster, and under sanitizers an optimizing g++ 12 warns
# about uninitialized memory in <regex> that is initialized. The plain build has all warnings.
configure() {
    local options=(-G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" -DKATA_SANITIZE=ON)
    if command -v ccache >/dev/null; then
        options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    cmake -S . -B "$ASAN" "${options[@]}" --log-level=WARNING
}

# The targets of the unit tests: nothing else of the tree is needed.
unit_targets() {
    ninja -C "$ASAN" -t targets all | sed -n 's/^\(unit_[a-z_-]*\): phony$/\1/p' | sort -u
}

build() {
    local targets
    configure
    mapfile -t targets < <(unit_targets)
    cmake --build "$ASAN" --parallel "$JOBS" --target "${targets[@]}" -- -k 0
}

run() {
    rm -rf "$ASAN/units"
    ASAN_OPTIONS=detect_leaks=1:halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
        ctest --test-dir "$ASAN" --parallel "$JOBS" --output-on-failure --no-tests=error
}

main() {
    case ${1:-all} in
    build) build ;;
    run) run ;;
    all)
        build
        run
        ;;
    *) die "build or run, not $1" ;;
    esac
}

main "$@"
