#!/bin/bash
# Every shell script passes shellcheck; every script that is run (not sourced) stops at the first error.
set -euo pipefail
. "$(dirname "$0")/sources.sh"

# Scripts by their first line or, for sourced files, by shellcheck's directive.
shell_files() {
    local file
    source_files '*' | while read -r file; do
        if head -n 2 "$file" 2>/dev/null | tr -d '\0' | grep -qE '^#!/(usr/)?bin/(env )?(bash|sh)|^# shellcheck shell='; then
            printf '%s\n' "$file"
        fi
    done
}

main() {
    local files bats code=0 file
    mapfile -t files < <(shell_files)
    mapfile -t bats < <(source_files 'tests/bats/*.bats')
    shellcheck "${files[@]}" || code=1
    [[ ${#bats[@]} == 0 ]] || shellcheck --shell=bats "${bats[@]}" || code=1
    for file in "${files[@]}"; do
        if [[ -x $file ]] && ! grep -q '^set -euo pipefail$' "$file"; then
            echo "$file: no 'set -euo pipefail'"
            code=1
        fi
    done
    return "$code"
}

main "$@"
