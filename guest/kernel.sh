#!/bin/bash
# Makes $GUEST_OUT/vmlinux, the guest's kernel as an uncompressed ELF file, and $GUEST_OUT/modules, its
# module tree with modules.dep, from Debian's kernel package. The ELF form has a PVH entry, so QEMU
# starts it directly and no decompressor runs in the guest.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# The package behind the meta package of the flavour, for example linux-image-6.1.0-40-cloud-amd64.
kernel_package() {
    local meta="linux-image-$GUEST_KERNEL_FLAVOUR" package
    apt-cache show "$meta" >/dev/null 2>&1 || apt-get -qq update >&2
    package=$(apt-cache depends --important "$meta" 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [[ -n $package ]] || die "no Debian kernel of flavour '$GUEST_KERNEL_FLAVOUR'; use cloud-amd64 or amd64"
    printf '%s\n' "$package"
}

# Cached under the flavour's name, so that a second run neither needs the network nor asks apt.
kernel_deb() {
    local cached="linux-image-$GUEST_KERNEL_FLAVOUR"
    if compgen -G "$GUEST_CACHE/$cached/*.deb" >/dev/null; then
        compgen -G "$GUEST_CACHE/$cached/*.deb" | head -n 1
    else
        download_once "$cached" "$(kernel_package)"
    fi
}

# header_number FILE OFFSET SIZE: a little-endian number of the boot header (x86 boot protocol).
header_number() {
    od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# unpack PAYLOAD: in the way its first bytes say. Debian's cloud kernel is LZ4, its generic one XZ.
unpack() {
    local magic
    magic=$(od -An -N4 -tx1 "$1" | tr -d ' ')
    case $magic in
    02214c18) lz4 -dcq "$1" ;;
    fd377a58) xz -dcq --format=xz "$1" ;;
    28b52ffd) zstd -dcq "$1" ;;
    1f8b08*) gzip -dcq "$1" ;;
    *) die "the kernel's payload begins with $magic; this recipe knows lz4, xz, zstd and gzip" ;;
    esac
}

# extract_elf BZIMAGE ELF: the payload starts payload_offset bytes after the setup sectors; it is a
# compressed stream followed by the four bytes of its uncompressed size.
extract_elf() {
    local image=$1 elf=$2 sectors offset length start
    [[ $(dd if="$image" bs=1 skip=$((0x202)) count=4 status=none) == HdrS ]] ||
        die "$image has no Linux boot header"
    sectors=$(header_number "$image" $((0x1f1)) 1)
    offset=$(header_number "$image" $((0x248)) 4)
    length=$(header_number "$image" $((0x24c)) 4)
    start=$(((sectors + 1) * 512 + offset))
    dd if="$image" of="$elf.payload" bs=1M iflag=skip_bytes,count_bytes skip="$start" count=$((length - 4)) status=none
    unpack "$elf.payload" >"$elf" || die "the payload of $image cannot be unpacked"
    rm -f "$elf.payload"
    [[ $(head -c 4 "$elf" | tail -c 3) == ELF ]] || die "the payload of $image is not an ELF file"
}

make_kernel() {
    local deb=$1 tree="$GUEST_OUT/kernel.tree" image version
    rm -rf "$tree" "$GUEST_OUT/modules"
    mkdir -p "$tree"
    dpkg-deb -x "$deb" "$tree"
    image=$(compgen -G "$tree/boot/vmlinuz-*") || die "$deb has no kernel image"
    version=${image##*/vmlinuz-}
    extract_elf "$image" "$GUEST_OUT/vmlinux.new"
    depmod -b "$tree" "$version"
    mv "$tree/lib/modules" "$GUEST_OUT/modules"
    rm -rf "$tree"
    mv "$GUEST_OUT/vmlinux.new" "$GUEST_OUT/vmlinux"
    basename "$deb" >"$GUEST_OUT/kernel.made-from"
}

main() {
    local deb
    mkdir -p "$GUEST_OUT" "$GUEST_CACHE"
    deb=$(kernel_deb)
    if [[ -s $GUEST_OUT/vmlinux && $(cat "$GUEST_OUT/kernel.made-from" 2>/dev/null) == "$(basename "$deb")" ]]; then
        return
    fi
    say "kernel from $(basename "$deb")"
    make_kernel "$deb"
}

main "$@"
