#!/bin/bash
# Makes the manual pages ($BUILD/man) and the default configuration ($BUILD/configuration.toml) from those
# sources that exist.
set -euo pipefail
. "$(dirname "$0")/common.sh"

manual_pages() {
    local source page
    mkdir -p "$BUILD/man"
    for source in man/*.scd; do
        [[ -e $source ]] || continue
        page="$BUILD/man/$(basename "$source" .scd)"
        [[ $page -nt $source ]] || SOURCE_DATE_EPOCH=0 scdoc <"$source" >"$page"
    done
}

# The template names installed files by @LIBEXECDIR@ and @GUESTDIR@.
default_configuration() {
    local template=configuration/configuration.toml.in
    [[ -e $template ]] || return 0
    sed -e "s|@LIBEXECDIR@|$PREFIX/libexec/kata-runtime|g" -e "s|@GUESTDIR@|$GUEST_DIR|g" \
        "$template" >"$BUILD/configuration.toml"
}

manual_pages
default_configuration
