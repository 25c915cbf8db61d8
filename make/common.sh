# shellcheck shell=bash
# What the scripts of the Makefile share. Sourced, never run; it enters the top of the source tree.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# shellcheck disable=SC2034  # used by the scripts that source this file
{
    PREFIX=${PREFIX:-/usr}
    DESTDIR=${DESTDIR:-}
    BUILD=${BUILD:-build}
    JOBS=${JOBS:-$(nproc)}
    GUEST_DIR=/var/lib/kata-containers
    LIBVIRT_RUN=/run/kata-runtime-libvirt
    LIBVIRT_URI=qemu:///system
}

# A clone elsewhere on the same machine compiles the same files: the place of the tree is not part of what ccache
# compares.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# What it asks for with precompiled headers.
export CCACHE_SLOPPINESS=pch_defines,time_macros

# built NAME: the path of a program or library of the build.
built() {
    local directory
    for directory in bin cli pkg/agent/shim pkg/agent/guest pkg/agent/loader .; do
        if [[ -f $BUILD/$directory/$1 ]]; then
            printf '%s\n' "$BUILD/$directory/$1"
            return
        fi
    done
    die "$1 is not built; run make build first"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

need_root() {
    [[ $(id -u) == 0 ]] || die "must be root; use sudo"
}

need_amd64() {
    local machine
    machine=$(uname -m)
    [[ $machine == x86_64 ]] ||
        die "kata-runtime is made for amd64 (x86_64) only; this machine is $machine"
}

seconds_since() {
    printf '%d.%d' $((($(date +%s%N) - $1) / 1000000000)) $((($(date +%s%N) - $1) / 100000000 % 10))
}

# step WORDS COMMAND...: runs a quiet command and says how long it took; its output is shown if it fails.
step() {
    local words=$1 began log code=0
    shift
    began=$(date +%s%N)
    log=$(mktemp)
    [[ ! -t 1 ]] || printf '  .. %s' "$words"
    "$@" >"$log" 2>&1 </dev/null || code=$?
    [[ ! -t 1 ]] || printf '\r\033[K'
    if [[ $code != 0 ]]; then
        printf '  failed: %s (exit %d)\n' "$words" "$code"
        cat "$log"
        rm -f "$log"
        exit 1
    fi
    printf '  %-46s %7s s\n' "$words" "$(seconds_since "$began")"
    rm -f "$log"
}

# set_up SETS...: everything that has to be there before a container can run, with those packages.
set_up() {
    need_root
    need_amd64
    step "install missing packages" make/deps.sh "$@"
    step "compile (the first time takes minutes)" make/build.sh
    step "make the guest's kernel, initrd and image" make/guest.sh
    step "install to $PREFIX and $GUEST_DIR" make/install.sh
    step "libvirt answers" make/ensure-libvirt.sh
}
