#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# A root file system that is a block device of its own: a disk of the virtual machine as long as nobody else has it.

load helpers

setup_file() {
    kata_setup_file
    export DISK="$BATS_FILE_TMPDIR/disk"
    truncate -s 64M "$DISK"
    mkfs.ext4 -q -F -E lazy_itable_init=0 "$DISK"
}

teardown_file() {
    kata_teardown_file
}

setup() {
    BUNDLE=$(make_bundle sleep 100000)
    mkdir "$BUNDLE/image"
    mv "$BUNDLE/rootfs" "$BUNDLE/image/rootfs"
    mkdir "$BUNDLE/rootfs"
    # The loop device goes away with the mount, as that of a snapshotter does.
    mount -o loop "$DISK" "$BUNDLE/rootfs"
    cp -a "$BUNDLE/image/rootfs/." "$BUNDLE/rootfs"
    ID=$(unique_id)
}

teardown() {
    kata_teardown
    umount "$BUNDLE/rootfs" 2>/dev/null || true
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

@test "it is shared, and mounted as before, if another mount namespace has it" {
    local holder before
    before=$(how_mounted)
    unshare --mount --propagation private sleep 100000 3>&- &
    holder=$!
    wait_until 10 bash -c "[[ \$(readlink /proc/$holder/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]]"
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts | cut -d" " -f3'
    expect_output virtiofs
    expect_equal "$(how_mounted)" "$before"
    kata delete --force "$ID"
    kill "$holder"
    wait "$holder" || true
    expect_equal "$(loops | cut -d' ' -f2)" 1
    umount "$BUNDLE/rootfs"
    expect_equal "$(loops)" ""
}
