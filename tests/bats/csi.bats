#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What a CSI driver does with its volumes, from an empty device to the removal: ext4 and xfs, each on a loop device
# and on a file, and btrfs. A resize and a delete that are killed in the middle, then a second time, around a create
# that is killed, with the file systems that are there. All of them share a virtual machine.

load helpers
load engines
load volumes

SIZE=320                                                     # MiB
GROWN=448                                                    # while it runs
LARGER=576                                                   # by a resize that is killed, or while nothing runs
LARGEST=704                                                  # the second time, while it runs
LAST=832                                                     # when its machine is gone
NAMES=(ext4-file xfs-file btrfs-file ext4-loop xfs-loop)     # file system and kind of device
KEPT=("${NAMES[@]:0:3}")                                     # that the second time goes on with
RENEWED=("${NAMES[@]:3}")

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    export VOLUMES="$BATS_FILE_TMPDIR/volumes"
    mkdir "$VOLUMES"
    BUNDLE=$(make_bundle sleep 100000)
    FIRST=$(unique_id first)
    SECOND=$(unique_id second)
    export BUNDLE FIRST SECOND
    edit_spec "$BUNDLE" '.mounts += [$ARGS.positional[] | {destination: ("/" + .), type: "bind",
        source: ($volumes + "/" + .), options: ["rbind", "rw"]}]' \
        --arg volumes "$VOLUMES" --args -- "${NAMES[@]}"
}

teardown_file() {
    local name
    stop_podman
    delete_everything
    for name in "${NAMES[@]}"; do
        kata direct-volume remove "$VOLUMES/$name" || true
        detach "$name" || true
    done
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# image NAME, device NAME: the file behind a volume, and what the driver is given.
image_of() {
    printf '%s/%s.img\n' "$VOLUMES" "$1"
}

device_of() {
    case $1 in
    *-loop) losetup --noheadings --output NAME --associated "$(image_of "$1")" | tr -d ' ' ;;
    *) image_of "$1" ;;
    esac
}

detach() {
    [[ $1 != *-loop ]] || losetup --detach "$(device_of "$1")"
}

# provide NAME...: empty devices, added as a driver adds them.
provide() {
    local name
    for name in "$@"; do
        rm -f "$(image_of "$name")"
        truncate -s "${SIZE}M" "$(image_of "$name")"
        [[ $name != *-loop ]] || losetup --find "$(image_of "$name")"
        kata direct-volume add --volume-path "$VOLUMES/$name" --mount-info "{\"volume-type\": \"block\",
            \"device\": \"$(device_of "$name")\", \"fstype\": \"${name%-*}\", \"metadata\": {\"createFilesystem\": \"true\"}}"
    done
}

# retract NAME...: no container has left anything of itself, and the list has it no longer.
retract() {
    local name
    for name in "$@"; do
        expect_users "$VOLUMES/$name"
        kata direct-volume remove --volume-path "$VOLUMES/$name"
        detach "$name"
        run kata direct-volume list
        [[ $output != *"$VOLUMES/$name "* ]]
    done
}

# usage NAME WORD: bytes of the guest's statistics.
usage() {
    kata direct-volume stats --volume-path "$VOLUMES/$1" | jq ".usage[] | select(.unit == 1) | .$2"
}

# pending NAME: MiB to which a volume's file system is still to grow.
pending() {
    jq '."pending-size" // 0 | . / 1048576' "$(entry_of "$VOLUMES/$1")/mountInfo.json"
}

is_pending() {
    [[ $(pending "$1") == "$2" ]]
}

in_guest() {
    run_kata exec "$ID" sh -c "$1"
    expect_status 0
}

# expect_sizes MIB NAME...: what the guest sees is as large, but for what a file system needs itself.
expect_sizes() {
    local mib=$1
    shift
    in_guest "df -m ${*/#//} | awk 'NR > 1 && \$2 > $mib - 100 && \$2 <= $mib'"
    expect_equal "${#lines[@]}" $#
}

# use MIB: writes 100 MiB to each volume, asks for statistics, and resizes it while it runs.
use() {
    local name used
    in_guest "for name in ${NAMES[*]}; do"'
        dd if=/dev/zero of=/$name/data bs=1M count=100 conv=fsync 2>/dev/null && echo $name >/$name/name || exit
    done; sync'
    for name in "${NAMES[@]}"; do
        used=$(usage "$name" used)
        ((used > 100 << 20 && used < 200 << 20)) || { echo "$name has $used bytes in use"; return 1; }
        if [[ $name == *-loop ]]; then
            truncate -s "$1M" "$(image_of "$name")"
            losetup --set-capacity "$(device_of "$name")"
        fi
        kata direct-volume resize --volume-path "$VOLUMES/$name" --size "$1Mi"
    done
    expect_sizes "$1" "${NAMES[@]}"
}

# check_data NAME...: each volume has its own.
check_data() {
    in_guest "for name in $*; do"' stat -c %s /$name/data; cat /$name/name; done'
    expect_output "$(printf '104857600\n%s\n' "$@")"
}

@test "empty volumes are formatted, written, and resized while they run" {
    provide "${NAMES[@]}"
    ID=$FIRST
    run_container "$ID" "$BUNDLE"
    use "$GROWN"
    check_data "${NAMES[@]}"
}

# in_background ARGUMENT...: COMMAND is the runtime's process, which can be killed.
in_background() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/background" 2>&1 3>&- &
    COMMAND=$!
}

kill_command() {
    kill -KILL "$COMMAND"
    expect_end "$COMMAND" 137
}

@test "a resize that is killed stays to be done, a delete that is killed is finished by another, and volumes are removed" {
    ID=$FIRST
    # The guest does not answer, so that the resize is neither begun nor done when it is killed.
    virsh -q -c qemu:///system suspend "kata-$ID"
    in_background direct-volume resize "$VOLUMES/ext4-file" "${LARGER}Mi"
    wait_until 60 is_pending ext4-file "$LARGER"
    kill_command
    virsh -q -c qemu:///system resume "kata-$ID"
    expect_equal "$(stat -c %s "$(image_of ext4-file)")" $((LARGER << 20))
    expect_sizes "$GROWN" ext4-file
    kata kill "$ID" KILL
    wait_for_status "$ID" stopped
    # Nor is anything written back, which delete waits for before it gives the volumes back.
    virsh -q -c qemu:///system suspend "kata-$ID"
    in_background --debug --log "$BATS_TEST_TMPDIR/delete.log" delete "$ID"
    wait_until 60 grep -qs "remove from guest begins" "$BATS_TEST_TMPDIR/delete.log"
    kill_command
    virsh -q -c qemu:///system resume "kata-$ID"
    expect_users "$VOLUMES/ext4-file" "$ID"
    kata delete "$ID"
    run_kata state "$ID"
    expect_failure "does not exist"
    expect_users "$VOLUMES/ext4-file"
    retract "${RENEWED[@]}"
}

@test "a second time, after a killed create, file systems are as large as was asked for while nothing ran" {
    local name
    provide "${RENEWED[@]}"
    for name in xfs-file btrfs-file; do
        kata direct-volume resize --volume-path "$VOLUMES/$name" --size "${LARGER}Mi"
    done
    for name in "${KEPT[@]}"; do
        expect_equal "$(pending "$name")" "$LARGER"
    done
    ID=$(unique_id killed)
    kill_create_at '/dev/kata-*/*' "$ID" "$BUNDLE"
    kata delete --force "$ID"
    ID=$SECOND
    run_container "$ID" "$BUNDLE"
    expect_sizes "$LARGER" "${KEPT[@]}"
    for name in "${KEPT[@]}"; do
        expect_equal "$(pending "$name")" 0
    done
    check_data "${KEPT[@]}"
    use "$LARGEST"
    check_data "${NAMES[@]}"
    run_kata direct-volume remove "$VOLUMES/ext4-file"
    expect_failure "$ID"
}

@test "a volume whose machine was destroyed has no statistics and grows later, and is free once the container is deleted" {
    local name
    virsh -q -c qemu:///system destroy "kata-$SECOND"
    run timeout 60 "$KATA_RUNTIME" --root "$KATA_ROOT" direct-volume stats "$VOLUMES/ext4-file"
    expect_status 1
    expect_contains "the VM does not run"
    run timeout 60 "$KATA_RUNTIME" --root "$KATA_ROOT" direct-volume resize "$VOLUMES/ext4-file" "${LAST}Mi"
    expect_status 1
    expect_contains "Domain not found"
    expect_equal "$(pending ext4-file)" "$LAST"
    kata delete --force "$SECOND"
    for name in "${NAMES[@]}"; do
        run blkid -p -s TYPE -o value "$(device_of "$name")"
        expect_output "${name%-*}"
    done
    retract "${RENEWED[@]}" xfs-file btrfs-file
}

@test "podman gives a container a volume by its path" {
    start_podman
    import_busybox podman
    mkdir "$VOLUMES/ext4-file" # podman looks whether it is there
    run_podman run --rm --network none --volume "$VOLUMES/ext4-file:/data" busybox sh -c '
        grep -c " /data ext4 rw" /proc/mounts; cat /data/name; df -m /data | awk "NR > 1 && \$2 > $1 - 100 { print \"large\" }"
        echo podman >/data/name' - "$LAST"
    expect_status 0
    expect_output $'1\next4-file\nlarge'
    expect_equal "$(pending ext4-file)" 0
    run debugfs -R 'cat /name' "$(image_of ext4-file)"
    expect_contains podman
    expect_equal "$(ls -A "$VOLUMES/ext4-file")" ""
    retract ext4-file
}
