# shellcheck shell=bash
# What the scripts of the guest recipe share: where things are, and how to get a Debian package.
# Sourced, never run. Everything is made under $GUEST_OUT; nothing is installed on this machine.

# shellcheck disable=SC2034  # used by the scripts that source this file
GUEST_RECIPE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GUEST_OUT=${GUEST_OUT:-$(cd "$GUEST_RECIPE/.." && pwd)/build/guest}
GUEST_CACHE=${GUEST_CACHE:-$GUEST_OUT/packages}
GUEST_KERNEL_FLAVOUR=${GUEST_KERNEL_FLAVOUR:-cloud-amd64}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

say() {
    printf 'guest: %s\n' "$*"
}

# The lines of a list file without comments and blanks.
read_list() {
    sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$1"
}

apt_download() {
    apt-get -qq -o APT::Sandbox::User=root download "$1"
}

# download_once NAME PACKAGE: the .deb of PACKAGE, kept in the cache under NAME; prints its path.
# A second call needs no network. A stale package index is refreshed once.
download_once() {
    local name=$1 package=$2 dir="$GUEST_CACHE/$1"
    if ! compgen -G "$dir/*.deb" >/dev/null; then
        rm -rf "$dir.part"
        mkdir -p "$dir.part"
        (cd "$dir.part" && { apt_download "$package" || { apt-get -qq update && apt_download "$package"; }; }) >&2 ||
            die "cannot download the Debian package $package for $name; check the network and /etc/apt/sources.list"
        rm -rf "$dir"
        mv "$dir.part" "$dir"
    fi
    compgen -G "$dir/*.deb" | head -n 1
}
