#!/usr/bin/env bats
# shellcheck disable=SC2154  # stderr and lines are set by run
# Guests whose root is on an image: mapped into memory and as a disk, named by the configuration and by annotations,
# and out of every guest's reach.

load helpers

IMAGE=/var/lib/kata-containers/kata-containers.img
HYPERVISOR=io.katacontainers.config.hypervisor

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# config_file LINE...: a configuration with these lines below [hypervisor.qemu]; prints its path.
config_file() {
    local file
    file=$(mktemp "$BATS_TEST_TMPDIR/XXXXXX.toml")
    printf '[hypervisor.qemu]\n' >"$file"
    printf '%s\n' "$@" >>"$file"
    printf '%s\n' "$file"
}

# What a container with every right does to the disk that the guest's root is on; shows how it found it.
# shellcheck disable=SC2016  # for the container's shell
OVERWRITE='
for disk in /sys/block/pmem0 /sys/block/vda; do
    [ -e $disk ] || continue
    echo "${disk##*/} $(cat $disk/ro)"
    mknod /dev/root b $(tr : " " <$disk/dev)
    blockdev --setrw /dev/root
    dd if=/dev/zero of=/dev/root bs=65536 count=64 conv=fsync
done 2>/dev/null
cat /proc/cmdline'

# overwriting_bundle: its container runs that.
overwriting_bundle() {
    local bundle
    bundle=$(make_bundle sh -c "$OVERWRITE")
    edit_spec "$bundle" '.linux.resources.devices = [{allow: true, access: "rwm"}] |
        .process.capabilities |= map_values(["CAP_MKNOD", "CAP_SYS_ADMIN"])'
    printf '%s\n' "$bundle"
}

# files_of_qemu ID: the descriptors and maps of the domain's QEMU that are of the image, with how they may be used.
files_of_qemu() {
    local pid
    pid=$(pgrep -f "guest=kata-$1,")
    grep -F "$IMAGE" "/proc/$pid/maps" | cut -d' ' -f2 | sort -u
    for fd in "/proc/$pid/fd/"*; do
        [[ $(readlink "$fd") != "$IMAGE" ]] || sed -n 's/^flags:.*\(.\)$/open \1/p' "/proc/$pid/fdinfo/${fd##*/}"
    done | sort -u
}

@test "a guest whose root is mapped from the image runs a container, and cannot change the image" {
    local config before id bundle
    config=$(config_file "image = \"$IMAGE\"")
    before=$(sha512sum <"$IMAGE")
    run_kata_apart --config "$config" run --bundle "$(overwriting_bundle)" "$(unique_id)"
    expect_status 0
    [[ ${lines[0]} == "pmem0 1" && ${lines[1]} == "root=/dev/pmem0p1 rootflags=dax,"* ]]
    expect_equal "$(sha512sum <"$IMAGE")" "$before"

    id=$(unique_id)
    bundle=$(make_bundle sleep 100000)
    kata --config "$config" create --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>&1
    expect_equal "$(files_of_qemu "$id")" $'r--s\nopen 0'
    kata delete --force "$id"
}

@test "a guest whose root is a disk of the other machine type runs a container, and cannot change the image" {
    local before
    before=$(sha512sum <"$IMAGE")
    run_kata_apart --config "$(config_file "image = \"$IMAGE\"" 'disable_image_nvdimm = true' 'machine_type = "pc"')" \
        run --bundle "$(overwriting_bundle)" "$(unique_id)"
    expect_status 0
    [[ ${lines[0]} == "vda 1" && ${lines[1]} == "root=/dev/vda1 rootflags=errors=remount-ro "* ]]
    expect_equal "$(sha512sum <"$IMAGE")" "$before"
}

@test "annotations choose an image and verify it, and what the guest finds wrong with one is told" {
    local bundle config
    config=$(config_file 'enable_annotations = ["image", "image_hash"]')
    bundle=$(make_bundle cat /proc/cmdline)
    # shellcheck disable=SC2016  # $key and the others are jq's
    edit_spec "$bundle" '.annotations = {($key): $image, ($key + "_hash"): $hash}' \
        --arg key "$HYPERVISOR.image" --arg image "$IMAGE" --arg hash "$(sha512sum <"$IMAGE" | cut -d' ' -f1)"
    run_kata_apart --config "$config" run --bundle "$bundle" "$(unique_id)"
    expect_status 0
    expect_contains "root=/dev/pmem0p1 "

    # shellcheck disable=SC2016
    edit_spec "$bundle" '.annotations[$key + "_hash"] = "0" * 128' --arg key "$HYPERVISOR.image"
    run_kata_apart --config "$config" run --bundle "$bundle" "$(unique_id)"
    [[ $status != 0 && $stderr == *"image_hash\" is not the hash of \"$IMAGE\", whose SHA-512 is "* ]]

    config=$(config_file "image = \"$IMAGE\"" 'rootfs_type = "xfs"')
    run_kata_apart --config "$config" run --bundle "$(make_bundle true)" "$(unique_id)"
    [[ $status != 0 && $stderr == *'cannot mount the root file system (xfs)'* ]]

    run_kata_apart --config "$(config_file 'image = "/nowhere.img"')" run --bundle "$(make_bundle true)" "$(unique_id)"
    [[ $status != 0 && $stderr == *'image "/nowhere.img": no such file or directory'* ]]
}
