# shellcheck shell=bash
# Sourced by those that take programs of the host into a container.

# with_libraries TREE PROGRAM...: copies the host's programs into a root file system with what they are linked to.
with_libraries() {
    local tree=$1 file
    shift
    { printf '%s\n' "$@" && ldd "$@" | grep -oE '/[^ ]+'; } | sed 's/:$//' | sort -u | while read -r file; do
        mkdir -p "$tree${file%/*}"
        cp -L "$file" "$tree$file"
    done
}
