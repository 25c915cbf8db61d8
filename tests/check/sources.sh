# shellcheck shell=bash
# Which files the checks look at. Sourced, never run; it enters the top of the source tree.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# source_files PATTERN...: tracked and new files, without ignored ones; also in a tree that is no git clone.
source_files() {
    local pattern names=()
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | while read -r pattern; do
            [[ ! -f $pattern ]] || printf '%s\n' "$pattern"
        done | sort -u
        return
    fi
    for pattern in "$@"; do
        names+=(-o -name "${pattern##*/}")
    done
    find . -path './build*' -prune -o -type f \( "${names[@]:1}" \) -printf '%P\n' | sort
}
