#!/bin/bash
# Copies what was built to $DESTDIR$PREFIX and the guest to /var/lib/kata-containers. Each file and each
# directory that was not there before is written to a manifest, which uninstall.sh reads.
set -euo pipefail
. "$(dirname "$0")/common.sh"

MANIFEST=$DESTDIR$PREFIX/share/kata-runtime/manifest

# note KIND PATH: one line of the manifest, once; paths are without DESTDIR.
note() {
    local line="$1 ${2#"$DESTDIR"}"
    grep -qxF -- "$line" "$MANIFEST.new" 2>/dev/null || printf '%s\n' "$line" >>"$MANIFEST.new"
}

# Makes a directory and notes each part that did not exist.
make_directory() {
    [[ -d $1 ]] && return
    make_directory "$(dirname "$1")"
    mkdir -m 0755 "$1"
    made+=("$1")
}

# put MODE SOURCE TARGET: through a new file and a rename, so that a running program keeps its old one.
put() {
    local mode=$1 source=$2 target="$DESTDIR$3"
    make_directory "$(dirname "$target")"
    install -m "$mode" "$source" "$target.new"
    [[ $(id -u) != 0 ]] || chown root:root "$target.new"
    mv -f "$target.new" "$target"
    note f "$target"
}

# put_program SOURCE TARGET: without the symbols that only a debugger reads; $BUILD keeps them.
put_program() {
    local stripped
    stripped=$(mktemp)
    strip -o "$stripped" "$1"
    put 0755 "$stripped" "$2"
    rm -f "$stripped"
}

put_programs() {
    local runtime shim library net
    runtime=$(built kata-runtime)
    shim=$(built kata-shim)
    library=$(built libkata-vm.so)
    net=$(built libkata-net.so)
    put_program "$runtime" "$PREFIX/bin/kata-runtime"
    put_program "$shim" "$PREFIX/libexec/kata-runtime/kata-shim"
    put_program "$library" "$PREFIX/libexec/kata-runtime/libkata-vm.so"
    put_program "$net" "$PREFIX/libexec/kata-runtime/libkata-net.so"
}

put_guest() {
    local file
    for file in vmlinux initrd.img kata-containers.img loader.img; do
        [[ -e $BUILD/guest/$file ]] || die "there is no guest ($file); run make guest first"
        put 0644 "$BUILD/guest/$file" "$GUEST_DIR/$file"
    done
}

# Those parts that the source tree has.
put_documents() {
    local page
    [[ ! -e $BUILD/configuration.toml ]] ||
        put 0644 "$BUILD/configuration.toml" "$PREFIX/share/defaults/kata-containers/configuration.toml"
    put 0644 cli/completion.bash "$PREFIX/share/bash-completion/completions/kata-runtime"
    put 0644 cli/completion.zsh "$PREFIX/share/zsh/vendor-completions/_kata-runtime"
    put 0644 cli/completion.fish "$PREFIX/share/fish/vendor_completions.d/kata-runtime.fish"
    for page in "$BUILD"/man/*.[1-8]; do
        [[ ! -e $page ]] || put 0644 "$page" "$PREFIX/share/man/man${page##*.}/${page##*/}"
    done
}

# What docker, podman and containerd are told about this runtime; README says where each line goes.
put_engines() {
    local source name made_here
    for source in configuration/engines/*.in; do
        name=$(basename "$source" .in)
        made_here=$(mktemp)
        sed "s|@PREFIX@|$PREFIX|g" "$source" >"$made_here"
        put 0644 "$made_here" "$PREFIX/share/kata-runtime/engines/$name"
        rm -f "$made_here"
    done
}

main() {
    local made=() directory
    make_directory "$(dirname "$MANIFEST")"
    cp -f "$MANIFEST" "$MANIFEST.new" 2>/dev/null || : >"$MANIFEST.new"
    put_programs
    put_guest
    put_documents
    put_engines
    for directory in "${made[@]}"; do
        note d "$directory"
    done
    note f "$MANIFEST"
    mv -f "$MANIFEST.new" "$MANIFEST"
    echo "installed $(grep -c '^f ' "$MANIFEST") files under ${DESTDIR:-/} (programs in $PREFIX, guest in $GUEST_DIR)"
}

main "$@"
