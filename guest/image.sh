#!/bin/bash
# Makes $GUEST_OUT/kata-containers.img: an ext4 file system with the files of the initrd, for guests whose root is on
# an image. No rights of root are needed. The same files give the same bytes: the file system is written by debugfs in
# the order of the names, with one time stamp and owner 0:0, and has fixed identifiers and features.
#
# The image is laid out as Kata Containers lays its own out, so that one file serves both as a disk and as memory:
#   0        a partition table: partition 1 begins at 3 MiB
#   4 KiB    a header that lets the guest's kernel use the memory directly (DAX); what follows at 2 MiB is the device
#   2 MiB    that device's partition table: partition 1 begins 1 MiB further
#   3 MiB    the file system
# Needs initrd.sh's output.
set -euo pipefail
. "$(dirname "$0")/common.sh"

STAGE=$GUEST_OUT/initrd.stage
IMAGE=$GUEST_OUT/kata-containers.img
UUID=6b617461-696d-4167-8521-000000000001
MEBIBYTE=$((1 << 20))
DEVICE_AT=$((2 * MEBIBYTE))
FILES_AT=$((3 * MEBIBYTE))
SECTOR=512
# The guest's kernel takes persistent memory by so much.
UNIT=$((16 * MEBIBYTE))

# The size of the files by whole blocks, and a tenth and 4 MiB for what the file system needs itself.
image_size() {
    local bytes
    bytes=$(find "$STAGE" -type f -printf '%s\n' | awk '{ sum += int(($1 + 4095) / 4096) * 4096 } END { print sum }')
    bytes=$((FILES_AT + bytes + bytes / 10 + 4 * MEBIBYTE))
    printf '%s\n' $(((bytes + UNIT - 1) / UNIT * UNIT))
}

# number SIZE VALUE: little-endian, as escapes for printf.
number() {
    local size=$1 value=$2
    while ((size-- > 0)); do
        printf '\\x%02x' $((value & 0xff))
        value=$((value >> 8))
    done
}

# put FILE OFFSET ESCAPES
put() {
    # shellcheck disable=SC2059  # they are escapes for printf
    printf "$3" | dd of="$1" bs=1M oflag=seek_bytes seek="$2" conv=notrunc status=none
}

# put_partition FILE OFFSET BEGIN END: a table at OFFSET with one partition of Linux; all in bytes.
put_partition() {
    local file=$1 offset=$2 begin=$3 end=$4
    local first=$(((begin - offset) / SECTOR)) sectors=$(((end - begin) / SECTOR))
    # Where it begins and ends by cylinder, head and sector is beyond what those numbers can say.
    put "$file" $((offset + 446)) "\\x00\\xfe\\xff\\xff\\x83\\xfe\\xff\\xff$(number 4 $first)$(number 4 $sectors)"
    put "$file" $((offset + 510)) '\x55\xaa'
}

# The checksum of the header: Fletcher's, over its 32-bit words.
fletcher64() {
    od -An -v -tu4 -w4 -j 4096 -N 4096 "$1" |
        awk '{ low = (low + $1) % 4294967296; high = (high + low) % 4294967296 } END { printf "%.0f %.0f\n", low, high }'
}

# put_dax_header FILE SIZE: struct nd_pfn_sb of the kernel's drivers/nvdimm/pfn.h, version 1.4: "the pages of this
# memory are described in the guest's RAM".
put_dax_header() {
    local file=$1 size=$2 at=4096 low high
    put "$file" $at "NVDIMM_PFN_INFO\\x00$(sed 's/-//g; s/../\\x&/g' <<<"$UUID")"
    put "$file" $((at + 52)) "$(number 2 1)$(number 2 4)$(number 8 $DEVICE_AT)$(number 8 $(((size - DEVICE_AT) / 4096)))"
    put "$file" $((at + 72)) "$(number 4 1)$(number 8 0)$(number 4 $((2 * MEBIBYTE)))$(number 4 4096)$(number 2 64)"
    read -r low high < <(fletcher64 "$file")
    put "$file" $((at + 4088)) "$(number 4 "$low")$(number 4 "$high")"
}

# make_empty FILE SIZE: nothing of this machine's mke2fs.conf; no journal, for nobody will write.
make_empty() {
    local features=none,dir_index,extent,extra_isize,filetype,flex_bg,large_file,metadata_csum,sparse_super
    truncate -s "$2" "$1"
    printf '[fs_types]\next4 = {\ninode_size = 256\n}\nsmall = {\ninode_size = 256\n}\n' >"$1.conf"
    MKE2FS_CONFIG="$1.conf" mkfs.ext4 -q -F -b 4096 -I 256 -m 0 -N 2048 -O "$features" -L kata-containers -U "$UUID" \
        -E "hash_seed=$UUID,lazy_itable_init=0,nodiscard,root_owner=0:0" "$1"
    rm -f "$1.conf"
}

# debugfs's commands for one directory: it makes names only in the directory it is in.
commands_for() {
    local directory=$1 type mode name target
    printf 'cd "/%s"\n' "$directory"
    find "$STAGE/$directory" -mindepth 1 -maxdepth 1 -printf '%y %#m %f %l\n' | LC_ALL=C sort -k3 |
        while read -r type mode name target; do
            case $type in
            d) printf 'mkdir "%s"\nset_inode_field "%s" mode 04%04o\n' "$name" "$name" "$((mode))" ;;
            f) printf 'write "%s" "%s"\nset_inode_field "%s" mode 010%04o\n' \
                "$STAGE/$directory/$name" "$name" "$name" "$((mode))" ;;
            l) printf 'symlink "%s" "%s"\n' "$name" "$target" ;;
            *) die "$STAGE/$directory/$name is no file, directory or symbolic link" ;;
            esac
        done
}

fill() {
    local directory
    find "$STAGE" -type d -printf '%P\n' | LC_ALL=C sort | while read -r directory; do
        commands_for "$directory"
    done >"$1.commands"
    debugfs -w -f "$1.commands" "$1" >"$1.log" 2>&1
    if grep -vE '^debugfs( |:)|^Allocated inode: ' "$1.log" >&2; then
        die "debugfs could not write all files; see above"
    fi
    rm -f "$1.commands" "$1.log"
    e2fsck -fn "$1" >/dev/null 2>&1 || die "the file system of $1 has errors"
}

make_image() {
    local size files=$1.ext4
    size=$(image_size)
    rm -f "$1" "$files"
    make_empty "$files" $((size - FILES_AT))
    fill "$files"
    truncate -s "$size" "$1"
    put_partition "$1" 0 $FILES_AT "$size"
    put_dax_header "$1" "$size"
    put_partition "$1" $DEVICE_AT $FILES_AT "$size"
    dd if="$files" of="$1" bs=1M oflag=seek_bytes seek=$FILES_AT conv=notrunc,sparse status=none
    rm -f "$files"
}

main() {
    local sum
    [[ -s $GUEST_OUT/initrd.made-from ]] || die "no initrd at $GUEST_OUT; run initrd.sh first"
    sum=$(cat "$GUEST_OUT/initrd.made-from" "$GUEST_RECIPE/image.sh" | sha256sum | cut -d' ' -f1)
    if [[ -s $IMAGE && $(cat "$IMAGE.made-from" 2>/dev/null) == "$sum" ]]; then
        return
    fi
    say "image with the initrd's files"
    export E2FSPROGS_FAKE_TIME=946684800 # the year 2000: 0 would be now
    make_image "$IMAGE.new"
    mv "$IMAGE.new" "$IMAGE"
    printf '%s\n' "$sum" >"$IMAGE.made-from"
}

main "$@"
