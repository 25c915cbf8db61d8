#!/bin/bash
# clang-tidy over every source file of cli/ and pkg/. A file whose content, headers, flags and rules are
# what they were at its last clean run is not looked at again, in whichever clone that was: stamps in the user's cache.
# Needs a finished build (compile_commands.json and ninja's record of headers).
set -euo pipefail
. "$(dirname "$0")/sources.sh"

BUILD=${BUILD:-build}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/kata-runtime-tidy
COMMANDS=$BUILD/tidy
export BUILD CACHE COMMANDS

# One line "source header..." per compiled file of this tree, from ninja's record.
dependency_lines() {
    ninja -C "$BUILD" -t deps 2>/dev/null | awk -v top="$PWD/" -v build="$PWD/$BUILD/" '
        # A path below the top of the tree; ccache may have made it relative to the build. Of the build
        # only the links to folders of the tree count, what is generated there does not.
        function own(path,    built) {
            if (index(path, build) == 1) { path = substr(path, length(build) + 1); built = 1 }
            else if (index(path, top) == 1) path = substr(path, length(top) + 1)
            else if (sub(/^\.\.\//, "", path)) built = 0
            else if (path ~ /^\//) return ""
            else built = 1
            if (built && !sub(/^include\/[^\/]*\//, "", path)) return ""
            return path ~ /^(cli|pkg)\// ? path : ""
        }
        function flush() { if (line != "") print line; line = "" }
        /^[^ ].*#deps/ { flush(); next }
        /^    / { path = own($1); if (path != "") line = line == "" ? path : line " " path }
        END { flush() }' | grep -E '^(cli|pkg)/[^ ]*\.cpp' | sort -u
}

rules_hash() {
    { cat .clang-tidy && clang-tidy --version | grep version; } | sha256sum | cut -d' ' -f1
}

# "file command" per file, the command without what another clone or commit has otherwise.
write_flags() {
    jq -r --arg top "$PWD/" '.[] | (.file | sub($top; "")) + " " +
        (.command | gsub($top; "") | gsub("-o [^ ]+|-c [^ ]+|-DKATA_COMMIT=[^ ]+"; ""))' \
        "$COMMANDS/compile_commands.json" >"$COMMANDS/flags"
}

# The commands as clang-tidy can follow them: it cannot read g++'s precompiled headers and does not know all of its
# warnings. Without those headers it sees whether a file includes all that it uses.
write_commands() {
    jq 'map(.command |= gsub(" -Winvalid-pch| -fpch-preprocess| -Wno-(restrict|stringop-[a-z]+)| -include [^ ]+cmake_pch[.]hxx"; ""))' \
        "$BUILD/compile_commands.json" >"$COMMANDS/compile_commands.json"
}

# check_file "source header...": runs clang-tidy unless the stamp of this very content exists.
check_file() {
    local files stamp
    read -r -a files <<<"$1"
    stamp=$CACHE/$({ echo "$RULES" && grep -F "${files[0]} " "$COMMANDS/flags" && sha256sum "${files[@]}"; } | sha256sum | cut -d' ' -f1)
    if [[ -e $stamp ]]; then
        touch "$stamp"
        return
    fi
    clang-tidy -p "$COMMANDS" --quiet "${files[0]}" 2>/dev/null || {
        echo "clang-tidy: ${files[0]} is not clean"
        return 1
    }
    : >"$stamp"
}

main() {
    local lines
    [[ -e $BUILD/compile_commands.json ]] || { echo "no build in $BUILD; run make build first"; exit 1; }
    mkdir -p "$CACHE" "$COMMANDS"
    write_commands
    write_flags
    RULES=$(rules_hash)
    export RULES
    export -f check_file
    mapfile -t lines < <(dependency_lines)
    [[ ${#lines[@]} -gt 0 ]] || { echo "nothing in $BUILD is compiled; run make build first"; exit 1; }
    # shellcheck disable=SC2016  # $0 is the inner shell's
    printf '%s\0' "${lines[@]}" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'check_file "$0"'
    find "$CACHE" -type f -mtime +30 -delete
}

main "$@"
