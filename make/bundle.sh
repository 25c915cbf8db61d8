#!/bin/bash
# Makes an OCI bundle with a busybox root filesystem and the spec that "kata-runtime spec" writes.
# Usage: bundle.sh DIRECTORY [ARGUMENT...]   (the arguments become process.args, without a terminal)
set -euo pipefail

# install_busybox ROOTFS: one static program and a link for each of its applets.
install_busybox() {
    local rootfs=$1
    mkdir -p "$rootfs"/{bin,dev,etc,proc,root,sys,tmp,var}
    chmod 1777 "$rootfs/tmp"
    cp /bin/busybox "$rootfs/bin/busybox"
    busybox --list | while read -r applet; do
        [[ $applet == busybox ]] || ln -sf busybox "$rootfs/bin/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$rootfs/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$rootfs/etc/group"
}

write_spec() {
    local bundle=$1
    shift
    rm -f "$bundle/config.json"
    "${KATA_RUNTIME:-kata-runtime}" spec --bundle "$bundle"
    # shellcheck disable=SC2016  # $ARGS is jq's
    jq '.process.terminal = false | .process.args = $ARGS.positional' "$bundle/config.json" \
        --args -- "$@" >"$bundle/config.json.new"
    mv "$bundle/config.json.new" "$bundle/config.json"
}

main() {
    local bundle=${1:?usage: bundle.sh DIRECTORY [ARGUMENT...]}
    shift
    [[ -d $bundle/rootfs ]] || install_busybox "$bundle/rootfs"
    write_spec "$bundle" "${@:-true}"
}

main "$@"
