#!/bin/bash
# Configures and compiles the tree into $BUILD. Options for CMake: CMAKE_OPTIONS="-D...".
set -euo pipefail
. "$(dirname "$0")/common.sh"

# Line numbers for backtraces, and no description of each type and variable: those take a quarter of the compiling.
configure() {
    local options=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG"
        -DKATA_TESTS=OFF "-DCMAKE_INSTALL_PREFIX=$PREFIX")
    options+=("-DKATA_LIBEXECDIR=$PREFIX/libexec/kata-runtime"
        "-DKATA_DATADIR=$PREFIX/share/defaults/kata-containers" "-DKATA_GUESTDIR=$GUEST_DIR")
    if command -v ccache >/dev/null; then
        options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    # shellcheck disable=SC2086  # a list of options on purpose
    cmake -S . -B "$BUILD" "${options[@]}" ${CMAKE_OPTIONS:-} --log-level=WARNING
}

main() {
    need_amd64
    command -v cmake >/dev/null || die "cmake is not installed; run sudo make deps"
    configure
    cmake --build "$BUILD" --parallel "$JOBS" "$@"
    make/documents.sh
}

main "$@"
