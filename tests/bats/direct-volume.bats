#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables that bats' run sets
# Direct-assigned volumes on the host, without a virtual machine: both spellings, what is written, what is refused.

load helpers
load refusal
load volumes

setup_file() {
    kata_setup_file
    export IMAGE="$BATS_FILE_TMPDIR/image"
    truncate -s 64M "$IMAGE"
}

teardown_file() {
    detach_loops
    kata_teardown_file
}

setup() {
    VOLUME=/volumes/$(unique_id v)
}

teardown() {
    local entry
    umount "$BATS_TEST_TMPDIR/mnt" 2>/dev/null || true
    detach_loops
    rm -rf "/run/vc/sbs/${VOLUME##*/}"
    for entry in "$(entry_of "$VOLUME")" "$(entry_of "$VOLUME-2")"; do
        rm -rf "$entry"
    done
    kata_teardown
}

detach_loops() {
    losetup --noheadings --output NAME --associated "$IMAGE" | xargs --no-run-if-empty losetup --detach
}

# info [MEMBERS]: a mount-info of the image.
info() {
    printf '{"device": "%s", "fstype": "ext4"%s}\n' "$IMAGE" "${1:+, $1}"
}

@test "a volume is added and removed by flags, as a CSI driver does, twice each" {
    local entry
    entry=$(entry_of "$VOLUME")
    for _ in 1 2; do
        run_kata direct-volume add --volume-path "$VOLUME" --mount-info "$(info '"options": ["rw", "noatime"]')"
        expect_status 0
        expect_output ""
    done
    expect_equal "$(stat -c '%a %a' "$entry" "$entry/mountInfo.json" | tr '\n' ' ')" "700 700 600 600 "
    expect_equal "$(jq -c . "$entry/mountInfo.json")" \
        "{\"volume-type\":\"\",\"device\":\"$IMAGE\",\"fstype\":\"ext4\",\"options\":[\"noatime\"]}"
    for _ in 1 2; do
        run_kata direct-volume remove --volume-path "$VOLUME"
        expect_status 0
        expect_output ""
        [[ ! -e $entry ]]
    done
}

@test "a volume is added by arguments, listed, inspected, grown and removed" {
    kata direct-volume add "$VOLUME" "$(info)"
    run_kata direct-volume list
    expect_status 0
    [[ $output =~ "$VOLUME"\ +"$IMAGE"\ +-\ +ext4\ +free\ +- ]]
    kata direct-volume list --format json | jq -e --arg path "$VOLUME" \
        '.[] | select(.volumePath == $path) | .state == "free" and .mountInfo.fstype == "ext4"'
    kata direct-volume resize "$VOLUME" 65Mi
    expect_equal "$(stat -c %s "$IMAGE")" $((65 << 20))
    expect_refused 'volumes are not shrunk' direct-volume resize --volume-path "$VOLUME" --size 64Mi
    kata direct-volume inspect "$VOLUME" |
        jq -e '.mountInfo."pending-size" == 68157440 and .device.size == 68157440 and .device.kind == "file"'
    expect_refused "no sandbox found for \"$VOLUME\"" direct-volume stats "$VOLUME"
    kata direct-volume remove "$VOLUME"
    expect_refused "\"$VOLUME\" does not exist" direct-volume inspect "$VOLUME"
    [[ ! -e $(entry_of "$VOLUME") ]]
}

@test "a mount-info that cannot be used is refused, and nothing is written" {
    expect_refused 'line 1' direct-volume add "$VOLUME" '{"device":'
    expect_refused 'device is missing' direct-volume add "$VOLUME" '{}'
    expect_refused 'options has "bind"' direct-volume add "$VOLUME" "$(info '"options": ["bind", "rw"]')"
    expect_refused 'metadata.fsGroup must be' direct-volume add "$VOLUME" "$(info '"metadata": {"fsGroup": "0"}')"
    expect_refused 'metadata must be an object' direct-volume add "$VOLUME" "$(info '"metadata": "{}"')"
    expect_refused 'is not one of ext4' direct-volume add "$VOLUME" "{\"device\": \"$IMAGE\", \"fstype\": \"ntfs\"}"
    expect_refused 'no such file' direct-volume add "$VOLUME" '{"device": "/dev/none"}'
    expect_refused 'neither a block device nor' direct-volume add "$VOLUME" '{"device": "/dev/null"}'
    expect_refused 'must be a PCI address' direct-volume add "$VOLUME" '{"device": "/dev/x", "volume-type": "vfiovol"}'
    [[ ! -e $(entry_of "$VOLUME") ]]
}

@test "a path that is none deletes and writes nothing" {
    local path before
    kata direct-volume add "$VOLUME" "$(info)"
    before=$(find /run/kata-containers/shared /run/vc | sort)
    for path in "" . .. / ../sandboxes relative /a/../../sandboxes $'/a\nb' "/$(printf %0200d 0)"; do
        [[ $path == / ]] || expect_refused 'cannot use the volume path' direct-volume remove --volume-path "$path"
        [[ $path == / ]] || expect_refused 'cannot use the volume path' direct-volume add --volume-path "$path" --mount-info "$(info)"
    done
    kata direct-volume remove /
    expect_equal "$(find /run/kata-containers/shared /run/vc | sort)" "$before"
}

@test "a device that the host uses is refused under its own name and its file's" {
    local loop
    loop=$(losetup --find --show "$IMAGE")
    mkfs.ext4 -q "$loop" && mkdir -p "$BATS_TEST_TMPDIR/mnt" && mount "$loop" "$BATS_TEST_TMPDIR/mnt"
    expect_refused "is mounted on $BATS_TEST_TMPDIR/mnt" direct-volume add "$VOLUME" "{\"device\": \"$loop\"}"
    expect_refused "${loop#/dev/}, which is mounted on" direct-volume add "$VOLUME" "$(info)"
    [[ ! -e $(entry_of "$VOLUME") ]]
    umount "$BATS_TEST_TMPDIR/mnt"
    kata direct-volume add "$VOLUME" "{\"device\": \"$loop\"}"
    expect_refused 'grow the device first' direct-volume resize "$VOLUME" 1Gi
    expect_refused 'its file system has' direct-volume resize "$VOLUME" 1Mi
    truncate -s 80M "$IMAGE" && losetup --set-capacity "$loop"
    kata direct-volume resize "$VOLUME" 80Mi
}

@test "a volume of a sandbox is kept for it, and what is left of a sandbox is collected" {
    local sandbox=${VOLUME##*/} entry
    entry=$(entry_of "$VOLUME")
    kata direct-volume add "$VOLUME" "$(info)"
    mkdir -p "/run/vc/sbs/$sandbox" && touch "$entry/$sandbox" "$entry/gone-$sandbox"
    expect_refused "sandbox \"$sandbox\" has the volume" direct-volume remove "$VOLUME"
    expect_refused "sandbox \"$sandbox\" has the volume" direct-volume add "$VOLUME-2" "$(info)"
    [[ ! -e $(entry_of "$VOLUME-2") ]]
    run_kata direct-volume gc --dry-run
    expect_contains "would remove sandbox \"gone-$sandbox\" from the volume \"$VOLUME\""
    kata direct-volume gc
    [[ -e $entry/$sandbox && ! -e $entry/gone-$sandbox ]]
    rmdir "/run/vc/sbs/$sandbox"
    cp "$IMAGE" "$IMAGE.2"
    kata direct-volume add "$VOLUME-2" "{\"device\": \"$IMAGE.2\"}" && rm "$IMAGE.2"
    run_kata direct-volume gc
    expect_contains "removed the volume \"$VOLUME-2\": its device \"$IMAGE.2\" does not exist"
    expect_contains "removed sandbox \"$sandbox\""
    kata direct-volume remove "$VOLUME"
}

@test "files that another tool has written are a volume" {
    local entry
    entry=$(entry_of "$VOLUME")
    mkdir -p "$entry"
    printf '{"volume-type":"directvol","device":"%s","fstype":"xfs","metadata":{},"options":["bind","rw"]}' "$IMAGE" \
        >"$entry/mountInfo.json"
    kata direct-volume inspect "$VOLUME" | jq -e '.state == "free" and (.mountInfo | has("options") | not)'
    echo '{' >"$entry/mountInfo.json"
    kata direct-volume inspect "$VOLUME" | jq -e '.state == "broken" and (.problem | contains("line 2"))'
    kata direct-volume remove "$VOLUME"
    [[ ! -e $entry ]]
}

@test "none of it loads libvirt or gRPC" {
    local words
    for words in "direct-volume list" "direct-volume gc --dry-run"; do
        # shellcheck disable=SC2086  # several words are meant
        LD_DEBUG=files LD_DEBUG_OUTPUT="$BATS_TEST_TMPDIR/ld" kata $words >/dev/null
        [[ -n $(cat "$BATS_TEST_TMPDIR"/ld.*) ]]
        run grep -hE 'libvirt|libgrpc|libkata-vm' "$BATS_TEST_TMPDIR"/ld.*
        expect_output ""
    done
}
