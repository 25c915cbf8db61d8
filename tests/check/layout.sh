#!/bin/bash
# The rules of the source tree that a compiler does not see: who includes which library, no notes to
# ourselves, no huge files.
set -euo pipefail
. "$(dirname "$0")/sources.sh"

FAILED=0

complain() {
    printf '%s\n' "$*"
    FAILED=1
}

# only_in WHAT REGEX ALLOWED: files whose name does not match ALLOWED must not have a line matching REGEX.
only_in() {
    local what=$1 regex=$2 allowed=$3 hits
    hits=$(grep -nE -- "$regex" "${SOURCES[@]}" /dev/null | grep -vE -- "^($allowed)" || true)
    [[ -z $hits ]] || complain "$what may not be here:"$'\n'"$hits"
}

check_includes() {
    only_in "CLI11" '#include <CLI/' 'cli/options_flag_set\.cpp'
    only_in "libvirt" '#include [<"]libvirt/' 'pkg/libvirt-driver/|tests/unit/libvirt-driver/'
    only_in "gRPC" '#include [<"](grpc|grpc\+\+|grpcpp)/|\.grpc\.pb\.h' \
        'pkg/agent/(client|guest|shim|protocol)/|tests/unit/agent/|tests/support/cri/'
    only_in "toml++" '#include [<"]toml' 'pkg/sandbox/config[^/]*|pkg/host/engines\.cpp|tests/unit/sandbox/'
    only_in "libcrypto" '#include [<"]openssl/' 'pkg/crypto/'
    only_in "libsystemd" '#include [<"]systemd/' 'pkg/systemd/|tests/unit/systemd/|tests/support/'
    only_in "libcurl" '#include [<"]curl/' 'pkg/net/'
    only_in "yaml-cpp" '#include [<"]yaml-cpp/' 'pkg/agent/guest/cdi_yaml\.cpp'
    only_in "pugixml" '#include [<"]pugixml' 'pkg/libvirt-driver/|tests/unit/libvirt-driver/'
    only_in "cli/" '#include "cli/' 'cli/|tests/unit/cli/'
    only_in "pkg/libvirt-driver/" '#include "pkg/libvirt-driver/' 'pkg/libvirt-driver/|tests/'
    only_in "pkg/agent/" '#include "pkg/agent/' 'pkg/agent/|pkg/libvirt-driver/[a-z_]*factor|tests/'
    only_in "pkg/systemd/" '#include "pkg/systemd/' 'pkg/systemd/|tests/unit/systemd/'
    only_in "pkg/host/" '#include "pkg/host/' 'pkg/host/|cli/|tests/'
    only_in "pkg/sandbox/" '#include "pkg/sandbox/' 'pkg/sandbox/|pkg/crypto/|pkg/systemd/|pkg/libvirt-driver/|pkg/agent/|cli/|tests/'
    only_in "a .. in an include" '#include "\.\./' 'nowhere'
    # What a stranger's path leads to is decided in one place (safe_path.h); these act on what it gave them.
    only_in "mounting on the host" '::(mount|umount2)\(|SYS_(open_tree|move_mount|mount_setattr|openat2)' \
        'pkg/base/safe_path\.cpp|pkg/sandbox/(disk_access|lent_rootfs|share|undo)\.cpp|pkg/agent/|pkg/host/fix\.cpp|tests/'
    only_in "system() and popen()" '[^a-z_.:>](std::)?(system|popen)\(' 'nowhere'
}

check_notes() {
    local hits files
    mapfile -t files < <(source_files '*.h' '*.cpp' '*.proto' '*.sh' '*.bash' '*.bats' '*.txt' '*.cmake' '*.scd' '*.in' Makefile)
    hits=$(grep -nE '\b(TO''DO|FIX''ME|X''XX)\b' "${files[@]}" /dev/null || true)
    [[ -z $hits ]] || complain "a note to ourselves (open an issue instead):"$'\n'"$hits"
}

check_headers() {
    local file
    for file in "${SOURCES[@]}"; do
        [[ $file != *.h ]] || grep -q '^#pragma once$' "$file" || complain "$file: no #pragma once"
    done
}

check_sizes() {
    local file lines
    for file in "${SOURCES[@]}"; do
        lines=$(wc -l <"$file")
        if [[ $lines -gt 600 ]]; then
            complain "$file: $lines lines; at most 600"
        elif [[ $lines -gt 400 ]]; then
            echo "note: $file has $lines lines; 400 is where to think of splitting"
        fi
    done
}

main() {
    mapfile -t SOURCES < <(source_files '*.h' '*.cpp')
    [[ ${#SOURCES[@]} -gt 0 ]] || return 0
    check_includes
    check_notes
    check_headers
    check_sizes
    return "$FAILED"
}

main "$@"
