#!/bin/bash
# Removes what the manifest of install.sh lists: the files, then the directories it made, if they are empty.
set -euo pipefail
. "$(dirname "$0")/common.sh"

main() {
    local manifest="$DESTDIR$PREFIX/share/kata-runtime/manifest" files directories path
    if [[ ! -e $manifest ]]; then
        echo "nothing is installed under $DESTDIR$PREFIX (no $manifest)"
        return
    fi
    mapfile -t files < <(sed -n 's/^f //p' "$manifest")
    mapfile -t directories < <(sed -n 's/^d //p' "$manifest" | LC_ALL=C sort -r)
    for path in "${files[@]}"; do
        rm -f -- "$DESTDIR$path"
    done
    for path in "${directories[@]}"; do
        rmdir -- "$DESTDIR$path" 2>/dev/null || [[ ! -d $DESTDIR$path ]] || echo "kept, not empty: $DESTDIR$path"
    done
    echo "removed ${#files[@]} files"
}

main "$@"
