#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# A root file system that is a block device of its own: a disk of the virtual machine as long as nobody else has it.

load helpers

setup_file() {
    kata_setup_file
    export DISK="$BATS_FILE_TMPDIR/disk" OTHER="$BATS_FILE_TMPDIR/other"
    for disk in "$DISK" "$OTHER"; do
        truncate -s 64M "$disk"
        mkfs.ext4 -q -F -E lazy_itable_init=0 "$disk"
    done
}

teardown_file() {
    kata_teardown_file
}

setup() {
    BUNDLE=$(make_bundle sleep 100000)
    put_root "$BUNDLE" -o loop "$DISK"
    ID=$(unique_id)
}

teardown() {
    kata_teardown
    umount "$BATS_TEST_TMPDIR"/bundle.*/rootfs 2>/dev/null || true
    [[ -z ${MAPPED:-} ]] || { dmsetup remove "$MAPPED" && losetup --detach "$LOOP"; } || true
}

# put_root BUNDLE ARGUMENT...: onto what mount is told to mount. A loop device goes away with its mount, as that of a
# snapshotter does.
put_root() {
    local bundle=$1
    shift
    [[ -d $bundle/image ]] || { mkdir "$bundle/image" && mv "$bundle/rootfs" "$bundle/image/rootfs" && mkdir "$bundle/rootfs"; }
    mount "$@" "$bundle/rootfs"
    cp -a "$bundle/image/rootfs/." "$bundle/rootfs"
}

kata() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" ${CONFIG:+--config "$CONFIG"} --debug --log "$BATS_TEST_TMPDIR/log" --log-format json "$@"
}

# Device, options, file system and its options; peers have other numbers each time.
how_mounted() {
    grep " $BUNDLE/rootfs " /proc/self/mountinfo | cut -d' ' -f3,6- | sed 's/shared:[0-9]*/shared/'
}

loops() {
    losetup --noheadings --output NAME,AUTOCLEAR --associated "$DISK" | tr -s ' '
}

@test "it is the guest's disk, off the host, and what was written is on the device" {
    edit_spec "$BUNDLE" '.root.readonly = false'
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts | cut -d" " -f3; echo written >/file'
    expect_status 0
    expect_output ext4
    run mountpoint "$BUNDLE/rootfs"
    expect_status 32
    # What an engine copies into the container would be lost: it is refused.
    run touch "/proc/$(pid_of "$ID")/root/lost"
    expect_contains "Read-only file system"
    kata delete --force "$ID"
    run mountpoint "$BUNDLE/rootfs"
    expect_status 32
    expect_equal "$(loops)" ""
    run debugfs -R 'cat /file' "$DISK"
    expect_contains written
}

@test "on a device of device-mapper it is the guest's disk as well" {
    dmsetup version >/dev/null 2>&1 || skip "no device-mapper on this host"
    umount "$BUNDLE/rootfs"
    LOOP=$(losetup --find --show "$DISK")
    MAPPED=$ID
    dmsetup create "$MAPPED" --table "0 $(blockdev --getsz "$LOOP") linear $LOOP 0"
    put_root "$BUNDLE" "/dev/mapper/$MAPPED"
    edit_spec "$BUNDLE" '.root.readonly = false'
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts | cut -d" " -f3; echo mapped >/file'
    expect_status 0
    expect_output ext4
    kata delete --force "$ID"
    run debugfs -R 'cat /file' "/dev/mapper/$MAPPED"
    expect_contains mapped
}

@test "one that the guest can only read is mounted again when the container is deleted" {
    local before
    before=$(how_mounted)
    edit_spec "$BUNDLE" '.root.readonly = true'
    create_container "$ID" "$BUNDLE"
    run mountpoint "$BUNDLE/rootfs"
    expect_status 32
    kata delete "$ID"
    expect_equal "$(how_mounted)" "$before"
    umount "$BUNDLE/rootfs"
    expect_equal "$(loops)" ""
}

# A container of the pod whose first one is $ID, with the other disk as its root and a third one as a device.
member_filter() {
    cat <<'FILTER'
del(.hostname) | .annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $id}
| .linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "network", path: $net}]
| .linux.devices += [{path: "/dev/given", type: "b", major: 7, minor: $minor}]
| .linux.resources.devices += [{allow: true, type: "b", major: 7, minor: $minor, access: "rwm"}]
FILTER
}

@test "it is shared, and mounted as before, if another mount namespace has it or the configuration allows no disks" {
    local holder before bundle raw CONFIG=
    before=$(how_mounted)
    unshare --mount --propagation private sleep 100000 3>&- &
    holder=$!
    wait_until 60 bash -c "[[ \$(readlink /proc/$holder/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]]"
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts | cut -d" " -f3'
    expect_output virtiofs
    expect_equal "$(how_mounted)" "$before"
    kill "$holder"
    wait "$holder" || true

    printf '[hypervisor.qemu]\ndisable_block_device_use = true\n' >"$BATS_TEST_TMPDIR/none.toml"
    CONFIG="$BATS_TEST_TMPDIR/none.toml"
    truncate -s 1M "$BATS_TEST_TMPDIR/raw"
    raw=$(losetup --find --show "$BATS_TEST_TMPDIR/raw")
    bundle=$(make_bundle sleep 100000)
    put_root "$bundle" -o loop "$OTHER"
    edit_spec "$bundle" "$(member_filter)" --arg id "$ID" --arg net "/proc/$(pid_of "$ID")/ns/net" \
        --argjson minor $((16#$(stat -c %T "$raw")))
    run_container "$ID-2" "$bundle"
    run_kata exec "$ID-2" sh -c 'grep " / " /proc/mounts | cut -d" " -f3; head -c 1 /dev/given'
    losetup --detach "$raw"
    expect_contains virtiofs
    expect_failure '/dev/given: No such'
    kata delete --force "$ID-2"
    edit_spec "$bundle" '.mounts += [{destination: "/volume", type: "ext4", source: $d,
        options: ["io.katacontainers.fs-opt.block_device=file"]}]' --arg d "$BATS_TEST_TMPDIR/raw"
    run_kata create --bundle "$bundle" "$ID-2"
    expect_failure 'cannot mount "/volume": it is on a disk, and disable_block_device_use in configuration.toml is true'
    kata delete --force "$ID"
    expect_equal "$(loops | cut -d' ' -f2)" 1
    umount "$BUNDLE/rootfs"
    expect_equal "$(loops)" ""
}
