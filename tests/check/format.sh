#!/bin/bash
# Every C++ file is as clang-format writes it. With --fix it is rewritten instead.
set -euo pipefail
. "$(dirname "$0")/sources.sh"

main() {
    local files
    mapfile -t files < <(source_files '*.h' '*.cpp')
    [[ ${#files[@]} -gt 0 ]] || return 0
    if [[ ${1:-} == --fix ]]; then
        clang-format -i "${files[@]}"
    else
        clang-format --dry-run --Werror "${files[@]}"
    fi
}

main "$@"
