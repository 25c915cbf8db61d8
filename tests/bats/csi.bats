#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What a CSI driver does with its volumes, from an empty device to the removal: ext4 and xfs, each on a loop device
# and on a file, and once more after the runtime was killed in the middle. All four share a virtual machine.

load helpers

FORMATS=(ext4 xfs)
GROWN=$((448 << 20))

setup() {
    mapfile -t NAMES < <(names)
}

setup_file() {
    kata_setup_file
    export VOLUMES="$BATS_FILE_TMPDIR/volumes"
    mkdir "$VOLUMES"
    BUNDLE=$(make_bundle sleep 100000)
    export BUNDLE
    mapfile -t NAMES < <(names)
    edit_spec "$BUNDLE" '.mounts += [$ARGS.positional[] | {destination: ("/" + .), type: "bind",
        source: ($volumes + "/" + .), options: ["rbind", "rw"]}]' \
        --arg volumes "$VOLUMES" --args -- "${NAMES[@]}"
}

teardown_file() {
    local name
    delete_everything
    for name in $(names); do
        kata direct-volume remove "$VOLUMES/$name" || true
        detach "$name" || true
    done
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# The volumes: file system and kind of device.
names() {
    printf '%s\n' "${FORMATS[@]/%/-file}" "${FORMATS[@]/%/-loop}"
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

# provide: four empty devices of 320 MiB, added as a driver adds them.
provide() {
    local name
    for name in "${NAMES[@]}"; do
        rm -f "$(image_of "$name")"
        truncate -s 320M "$(image_of "$name")"
        [[ $name != *-loop ]] || losetup --find "$(image_of "$name")"
        kata direct-volume add --volume-path "$VOLUMES/$name" --mount-info "{\"volume-type\": \"block\",
            \"device\": \"$(device_of "$name")\", \"fstype\": \"${name%-*}\", \"metadata\": {\"createFilesystem\": \"true\"}}"
    done
}

retract() {
    local name
    for name in "${NAMES[@]}"; do
        kata direct-volume remove --volume-path "$VOLUMES/$name"
        detach "$name"
    done
}

# usage NAME WORD: bytes of the guest's statistics.
usage() {
    kata direct-volume stats --volume-path "$VOLUMES/$1" | jq ".usage[] | select(.unit == 1) | .$2"
}

in_guest() {
    run_kata exec "$ID" sh -c "$1"
    expect_status 0
}

# use: writes 100 MiB to each volume, asks for statistics, and resizes it while it runs.
use() {
    local name used
    in_guest "for name in ${NAMES[*]}; do"'
        dd if=/dev/zero of=/$name/data bs=1M count=100 conv=fsync 2>/dev/null && echo $name >/$name/name || exit
    done'
    for name in "${NAMES[@]}"; do
        used=$(usage "$name" used)
        ((used > 100 << 20 && used < 200 << 20)) || { echo "$name has $used bytes in use"; return 1; }
        if [[ $name == *-loop ]]; then
            truncate -s "$GROWN" "$(image_of "$name")"
            losetup --set-capacity "$(device_of "$name")"
        fi
        kata direct-volume resize --volume-path "$VOLUMES/$name" --size "$GROWN"
    done
    in_guest "df -m ${NAMES[*]/#//} | awk 'NR > 1 && \$2 > 340'"
    expect_equal "${#lines[@]}" 4
}

# check_data: each volume has its own.
check_data() {
    in_guest "for name in ${NAMES[*]}; do"' stat -c %s /$name/data; cat /$name/name; done'
    expect_output "$(printf '104857600\n%s\n' "${NAMES[@]}")"
}

@test "empty volumes are formatted, written, resized while they run, and removed" {
    provide
    ID=$(unique_id)
    run_container "$ID" "$BUNDLE"
    use
    check_data
    kata kill "$ID" KILL
    wait_for_status "$ID" stopped
    kata delete "$ID"
    retract
    run kata direct-volume list
    [[ $output != *"$VOLUMES"* ]]
}

@test "a second time, with a runtime killed in the middle of create" {
    provide
    ID=$(unique_id)
    kill_create_at '/dev/kata-*/*' "$ID" "$BUNDLE"
    kata delete --force "$ID"
    ID=$(unique_id)
    run_container "$ID" "$BUNDLE"
    use
    check_data
    run_kata direct-volume remove "$VOLUMES/ext4-file"
    expect_failure "$ID"
    kata delete --force "$ID"
    for name in "${NAMES[@]}"; do
        run blkid -p -s TYPE -o value "$(device_of "$name")"
        expect_output "${name%-*}"
    done
    retract
}
