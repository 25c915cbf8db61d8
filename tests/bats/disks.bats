#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Disks: block devices given to a container, files and direct volumes with a file system that the guest mounts, a
# pod whose containers share one, sizes that change while it runs, and a runtime that is killed. One virtual
# machine serves most cases; that after the kill has its disks by virtio-scsi.

load helpers
load refusal
load volumes

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    export DISKS="$BATS_FILE_TMPDIR/disks" # only root walks into the directories above it
    mkdir -m 0700 "$DISKS"
    truncate -s 8M "$DISKS/raw"
    file_system "$DISKS/image"
    file_system "$DISKS/assigned"
    make_fixed_and_matching
    RAW=$(losetup --find --show "$DISKS/raw")
    ASSIGNED=$(losetup --find --show "$DISKS/assigned")
    OWNERS=$(stat -c '%n %u %g %a' "$RAW" "$ASSIGNED" "$DISKS"/*)
    ID=$(unique_id)
    NEXT=$(unique_id)
    export RAW ASSIGNED OWNERS ID NEXT
    add_volume "$DISKS/volume" "$ASSIGNED"
    add_volume "$DISKS/fixed-volume" "$DISKS/fixed" Always '"volume-type": "directvol", "options": ["ro"]'
    add_volume "$DISKS/matching-volume" "$DISKS/matching" OnRootMismatch
    write_configurations
    BUNDLE=$(make_bundle sleep 100000)
    export BUNDLE
    give_disks "$BUNDLE"
    run_container "$ID" "$BUNDLE"
}

teardown_file() {
    local volume
    delete_everything
    for volume in "$DISKS"/{volume,fixed-volume,matching-volume}; do
        kata direct-volume remove "$volume" || true
    done
    losetup --detach "$RAW" || true
    losetup --detach "$ASSIGNED" || true
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# file_system FILE [OPTION...]: 32 MiB of ext4, which nobody but root may open, and disks of any sector can have.
file_system() {
    truncate -s 32M "$1"
    mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0 "${@:2}" "$1"
    chmod 0600 "$1"
}

# Both with a file of another group, the second one with a root of the group that it is to have.
make_fixed_and_matching() {
    local tree="$BATS_FILE_TMPDIR/tree"
    mkdir "$tree"
    echo old >"$tree/file"
    chgrp 999 "$tree/file"
    file_system "$DISKS/fixed" -d "$tree"
    file_system "$DISKS/matching" -d "$tree"
    printf 'sif / mode 042770\nsif / gid 1234\n' | debugfs -w -f - "$DISKS/matching" >/dev/null 2>&1
    FIXED=$(sha256sum <"$DISKS/fixed")
    export FIXED
}

# add_volume PATH DEVICE [POLICY] [MEMBERS]: as a CSI driver does.
add_volume() {
    kata direct-volume add --volume-path "$1" --mount-info "{\"device\": \"$2\", \"fstype\": \"ext4\", ${4:-\"volume-type\": \"block\"},
        \"metadata\": {\"fsGroup\": \"1234\", \"fsGroupChangePolicy\": \"${3:-Always}\"}}"
}

# The first machine has a console into the guest, the second one disks of another kind.
write_configurations() {
    export CONFIG="$BATS_FILE_TMPDIR/console.toml" SCSI="$BATS_FILE_TMPDIR/scsi.toml"
    printf '[agent.kata]\ndebug_console_enabled = true\n' >"$CONFIG"
    cat >"$SCSI" <<TOML
[hypervisor.qemu]
block_device_driver = "virtio-scsi"
block_device_cache_set = true
block_device_cache_direct = true
block_device_aio = "native"
block_device_logical_sector_size = 4096
block_device_physical_sector_size = 4096
enable_iothreads = true
TOML
}

kata() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" --config "$CONFIG" --debug --log "$(scratch)/log" --log-format json "$@"
}

# give_loop BUNDLE DEVICE ACCESS: a loop device as /dev/given, as engines write it for --device.
give_loop() {
    edit_spec "$1" '.linux.devices += [{path: "/dev/given", type: "b", major: 7, minor: $minor}]
        | .linux.resources.devices += [{allow: true, type: "b", major: 7, minor: $minor, access: $access}]' \
        --argjson minor $((16#$(stat -c %T "$2"))) --arg access "$3"
}

# give_disks BUNDLE: the three kinds.
give_disks() {
    edit_spec "$1" "$(disks_filter)" --arg d "$DISKS" --argjson minor $((16#$(stat -c %T "$RAW")))
}

disks_filter() {
    cat <<'FILTER'
.linux.devices += [{path: "/dev/given", type: "b", major: 7, minor: $minor, fileMode: 432}]
| .linux.resources.devices += [{allow: true, type: "b", major: 7, minor: $minor, access: "rwm"}]
| .mounts += [
    {destination: "/image", type: "ext4", source: ($d + "/image"),
        options: ["io.katacontainers.fs-opt.block_device=file", "noatime"]},
    {destination: "/assigned", type: "directvol", source: ($d + "/volume"), options: ["rw"]},
    {destination: "/fixed", type: "bind", source: ($d + "/fixed-volume"), options: ["rbind", "rprivate", "rw"]},
    {destination: "/matching", type: "bind", source: ($d + "/matching-volume"), options: ["rbind", "rprivate", "rw"]}]
FILTER
}

in_guest() {
    run_kata exec "$ID" sh -c "$1"
}

# disks_of ID [CONDITION]: how many disks the domain has, those of them that XPath's condition is true of.
disks_of() {
    virsh -q -c qemu:///system dumpxml "$(domain_of "$1")" | xmllint --xpath "count(/domain/devices/disk${2:+[$2]})" -
}

# guest_mounts NUMBER: how often the device is mounted in the guest, outside of containers.
guest_mounts() {
    kata exec "$ID" <<<'cat /proc/1/mountinfo' | awk -v number="$1" '$3 == number' | wc -l
}

@test "a block device that is given is one of the guest, written and read through" {
    in_guest 'test -b /dev/given && blockdev --getsize64 /dev/given && echo marked | dd of=/dev/given conv=fsync 2>/dev/null'
    expect_status 0
    expect_output $((8 << 20))
    expect_equal "$(head -c 6 "$DISKS/raw")" marked
}

@test "files and volumes are mounted by the guest with their options, and belong to their group" {
    in_guest 'grep -E " /(image|assigned) " /proc/mounts | cut -d" " -f2-4 | sort; stat -c %g%A /assigned'
    expect_contains "/image ext4 rw,noatime"
    expect_contains "/assigned ext4 rw"
    expect_contains "1234drwxrws"
    in_guest 'echo kept >/image/file && dd if=/dev/urandom of=/assigned/big bs=1M count=4 2>/dev/null && md5sum </assigned/big >/assigned/sum'
    expect_status 0
}

@test "a read-only volume is no disk that could be written, and one whose root has the group keeps the groups of its files" {
    in_guest 'for volume in fixed matching; do
        number=$(awk -v at="/$volume" "\$5 == at { print \$3 }" /proc/self/mountinfo)
        echo "$(cat "/sys/dev/block/$number/ro")" $(stat -c "%g %a" "/$volume" "/$volume/file")
    done; echo new >/fixed/file'
    expect_contains $'1 0 755 999 644\n0 1234 2770 999 644'
    expect_failure "Read-only file system"
    expect_equal "$(disks_of "$ID" readonly)" 1
}

@test "nobody's device or file has changed hands meanwhile" {
    expect_equal "$(stat -c '%n %u %g' "$RAW" "$ASSIGNED" "$DISKS"/*)" "$(cut -d' ' -f1-3 <<<"$OWNERS")"
}

@test "statistics are the guest's, and a volume grows while it runs" {
    run_kata direct-volume stats "$DISKS/volume"
    expect_status 0
    before=$(jq '.usage[] | select(.unit == 1) | .total' <<<"$output")
    truncate -s 64M "$DISKS/assigned"
    losetup --set-capacity "$ASSIGNED"
    run_kata direct-volume resize "$DISKS/volume" $((64 << 20))
    expect_status 0
    run_kata direct-volume stats "$DISKS/volume"
    after=$(jq '.usage[] | select(.unit == 1) | .total' <<<"$output")
    ((after > before + (24 << 20))) || { echo "$before, then $after"; return 1; }
    in_guest 'df -m /assigned | tail -n 1 | awk "{print (\$2 > 50)}"; md5sum </assigned/big | cmp - /assigned/sum && echo same'
    expect_output $'1\nsame'
    run_kata direct-volume resize "$DISKS/volume" $((16 << 20))
    expect_failure "shrunk"
    run_kata direct-volume resize "$DISKS/fixed-volume" 64Mi
    expect_failure 'option "ro"'
}

@test "a device or a file that another sandbox has is not given a second time, as a node or as a mount" {
    local bundle name
    for name in "$RAW" "$ASSIGNED"; do # given as a device, and as a direct volume
        bundle=$(make_bundle true)
        give_loop "$bundle" "$name" r
        expect_refused "sandbox \"$ID\" has it" create --bundle "$bundle" "$(unique_id)"
    done
    for name in image assigned; do # a file as a mount, and that behind the direct volume's loop device
        bundle=$(make_bundle true)
        edit_spec "$bundle" '.mounts += [{destination: "/again", type: "ext4", source: $s,
            options: ["io.katacontainers.fs-opt.block_device=file"]}]' --arg s "$DISKS/$name"
        expect_refused "sandbox \"$ID\" has it" create --bundle "$bundle" "$(unique_id)"
    done
}

# Where a volume is mounted, by the numbers of its device.
NUMBER_OF_ASSIGNED='awk "\$5 == \"/assigned\" { print \$3 }" /proc/self/mountinfo'

@test "another container of the pod shares the disk and its only mount, and a disk of its own is plugged and unplugged" {
    local bundle number writer
    file_system "$BATS_TEST_TMPDIR/second"
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" "$(member_filter)" --arg id "$ID" --arg net "/proc/$(pid_of "$ID")/ns/net" \
        --arg v "$DISKS/volume" --arg s "$BATS_TEST_TMPDIR/second"
    expect_equal "$(disks_of "$ID")" 5
    run_container "$ID-2" "$bundle"
    expect_equal "$(disks_of "$ID")" 6
    in_guest "$NUMBER_OF_ASSIGNED"
    number=$output
    run_kata exec "$ID-2" sh -c "$NUMBER_OF_ASSIGNED"'; md5sum </assigned/big | cmp - /assigned/sum && echo hot >/second/file && echo two >/assigned/two'
    expect_status 0
    expect_output "$number"
    expect_equal "$(guest_mounts "$number")" 1
    # The disk stays for the one that came later, which writes meanwhile.
    run_container "$ID-3" "$bundle"
    kata exec "$ID-3" sh -c 'while test ! -e /second/stop; do echo line >>/second/lines && sync -d /second/lines || exit; done' \
        </dev/null >/dev/null 2>&1 3>&- &
    writer=$!
    kata exec "$ID-3" sh -c 'until test -s /second/lines; do :; done'
    kata delete --force "$ID-2"
    expect_equal "$(disks_of "$ID")" 6
    run_kata exec "$ID-3" sh -c 'lines=$(wc -l </second/lines); until test $(wc -l </second/lines) -gt $lines; do :; done; cat /second/file; touch /second/stop'
    expect_output hot
    expect_end "$writer" 0
    kata delete --force "$ID-3"
    expect_equal "$(disks_of "$ID")" 5
    in_guest 'cat /assigned/two'
    expect_output two
    expect_users "$DISKS/volume" "$ID"
    run debugfs -R 'cat /file' "$BATS_TEST_TMPDIR/second"
    expect_contains hot
}

member_filter() {
    cat <<'FILTER'
del(.hostname) | .annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $id}
| .linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "network", path: $net}]
| .mounts += [
    {destination: "/second", type: "ext4", source: $s, options: ["io.katacontainers.fs-opt.block_device=file"]},
    {destination: "/assigned", type: "bind", source: $v, options: ["rbind", "rw"]}]
FILTER
}

@test "a volume in use is not given away, and what was written is there when the container is gone" {
    local volume
    run_kata direct-volume remove "$DISKS/volume"
    expect_failure "$ID"
    kata delete --force "$ID"
    expect_equal "$(stat -c '%n %u %g %a' "$RAW" "$ASSIGNED" "$DISKS"/*)" "$OWNERS"
    run compgen -G '/dev/kata-*'
    expect_output ""
    run debugfs -R 'cat /file' "$DISKS/image"
    expect_contains kept
    run debugfs -R 'cat /two' "$DISKS/assigned"
    expect_contains two
    expect_equal "$(sha256sum <"$DISKS/fixed")" "$FIXED"
    run_kata direct-volume list
    [[ $output != *"in use"* ]]
    for volume in "$DISKS"/{volume,fixed-volume,matching-volume}; do
        expect_users "$volume"
    done
}

@test "a volume whose file is gone is refused with its name" {
    local bundle id
    id=$(unique_id)
    file_system "$BATS_TEST_TMPDIR/gone"
    add_volume "$BATS_TEST_TMPDIR/volume" "$BATS_TEST_TMPDIR/gone"
    rm "$BATS_TEST_TMPDIR/gone"
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' --arg v "$BATS_TEST_TMPDIR/volume"
    expect_refused "\"$BATS_TEST_TMPDIR/gone\"" create --bundle "$bundle" "$id"
    expect_nothing_left "$id"
    kata direct-volume remove "$BATS_TEST_TMPDIR/volume"
}

@test "a device that the host has mounted, here or in another mount namespace, is not given to be written" {
    local bundle loop holder
    file_system "$BATS_TEST_TMPDIR/used"
    mkdir "$BATS_TEST_TMPDIR/mnt"
    loop=$(losetup --find --show "$BATS_TEST_TMPDIR/used")
    mount "$loop" "$BATS_TEST_TMPDIR/mnt"
    bundle=$(make_bundle true)
    give_loop "$bundle" "$loop" rwm
    run_kata create --bundle "$bundle" "$(unique_id)"
    expect_failure "is mounted on $BATS_TEST_TMPDIR/mnt"
    unshare --mount --propagation private sleep 100000 3>&- &
    holder=$!
    wait_until 60 bash -c "[[ \$(readlink /proc/$holder/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]]"
    umount "$BATS_TEST_TMPDIR/mnt"
    run_kata create --bundle "$bundle" "$(unique_id)"
    kill "$holder"
    wait "$holder" || true
    losetup --detach "$loop"
    expect_failure "in another mount namespace"
}

# serve STORE FILE NAME...: files as disks of a vhost-user store, by one daemon; sets DAEMON.
serve() {
    local store=$1 name minor=0 arguments=()
    shift
    mkdir -p "$store/block/devices" "$store/block/sockets"
    for name in "$@"; do
        mknod "$store/block/devices/$name" b 241 $((minor++))
        arguments+=(--blockdev "file,node-name=$name,filename=$DISKS/$name"
            --export "vhost-user-blk,id=$name,node-name=$name,writable=on,addr.type=unix,addr.path=$store/block/sockets/$name")
    done
    qemu-storage-daemon "${arguments[@]}" </dev/null >/dev/null 2>&1 3>&- &
    DAEMON=$!
    wait_until 60 test -S "$store/block/sockets/$name"
}

served_filter() {
    cat <<'FILTER'
.linux.devices += [{path: "/dev/served", type: "b", major: 241, minor: 0}]
| .linux.resources.devices += [{allow: true, type: "b", major: 241, minor: 0, access: "rwm"}]
| .mounts += [{destination: "/cold", type: "bind", source: ($d + "/cold-volume"), options: ["rbind"]}]
FILTER
}

@test "disks that a daemon serves are there from the start and are plugged, and the daemon's sockets stay its own" {
    local store bundle id modes name
    store=$(mktemp -d /run/kata-store.XXXXXX) # QEMU's user has to find the sockets
    chmod 0755 "$store"
    truncate -s 8M "$DISKS/node"
    file_system "$DISKS/cold"
    file_system "$DISKS/hot"
    serve "$store" node cold hot
    modes=$(stat -c '%n %a' "$store"/block/sockets/*)
    for name in cold hot; do
        kata direct-volume add "$DISKS/$name-volume" \
            "{\"volume-type\": \"spdkvol\", \"device\": \"$store/block/sockets/$name\", \"fstype\": \"ext4\"}"
    done
    printf '[hypervisor.qemu]\nenable_vhost_user_store = true\nvhost_user_store_path = "%s"\n' "$store" >"$store/toml"
    chmod 0644 "$store/toml"
    id=$(unique_id served)
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" "$(served_filter)" --arg d "$DISKS"
    CONFIG="$store/toml" kata create --bundle "$bundle" "$id" </dev/null >/dev/null 2>"$bundle/err" || { cat "$bundle/err"; return 1; }
    kata start "$id"
    run_kata exec "$id" sh -c 'echo marked | dd of=/dev/served conv=fsync 2>/dev/null; grep -c " /cold ext4 rw" /proc/mounts; echo kept >/cold/file'
    expect_output 1
    expect_equal "$(head -c 6 "$DISKS/node")" marked
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" "$(member_filter)" --arg id "$id" --arg net "/proc/$(pid_of "$id")/ns/net" --arg v "$DISKS/hot-volume" --arg s ""
    edit_spec "$bundle" 'del(.mounts[] | select(.destination == "/second"))'
    run_container "$id-2" "$bundle"
    run_kata exec "$id-2" sh -c 'echo hot >/assigned/file'
    expect_status 0
    kata delete --force "$id-2"
    expect_users "$DISKS/hot-volume"
    expect_users "$DISKS/cold-volume" "$id"
    run debugfs -R 'cat /file' "$DISKS/hot"
    expect_contains hot
    kata delete --force "$id"
    run debugfs -R 'cat /file' "$DISKS/cold"
    expect_contains kept
    expect_equal "$(stat -c '%n %a' "$store"/block/sockets/*)" "$modes" # an access list shows in the mode
    kill "$DAEMON"
    wait "$DAEMON" || true
    kata direct-volume remove "$DISKS/cold-volume"
    kata direct-volume remove "$DISKS/hot-volume"
    rm "$DISKS"/{node,cold,hot}
    rm -r "$store"
}

@test "a create that is killed leaves nothing once it is deleted, and the next one has the disks" {
    local id
    id=$(unique_id)
    kill_create_at '/dev/kata-*' "$id" "$BUNDLE"
    kata delete --force "$id"
    run compgen -G '/dev/kata-*'
    expect_output ""
    expect_equal "$(stat -c '%n %u %g %a' "$RAW" "$ASSIGNED" "$DISKS"/*)" "$OWNERS"
    CONFIG=$SCSI run_container "$NEXT" "$BUNDLE"
    run_kata exec "$NEXT" sh -c 'cat /image/file; md5sum </assigned/big | cmp - /assigned/sum && echo same'
    expect_output $'kept\nsame'
}

@test "disks by virtio-scsi have the configured sectors, and are given, mounted, plugged, resized and unplugged" {
    local bundle drive="driver[@cache='none' and @io='native'] and target/@bus='scsi' and blockio/@logical_block_size='4096'"
    CONFIG=$SCSI
    ID=$NEXT
    run_kata exec "$NEXT" sh -c 'blockdev --getss /dev/given; head -c 6 /dev/given'
    expect_output $'4096\nmarked'
    bundle=$(make_bundle sleep 100000)
    file_system "$BATS_TEST_TMPDIR/second"
    edit_spec "$bundle" "$(member_filter)" --arg id "$ID" --arg net "/proc/$(pid_of "$ID")/ns/net" \
        --arg v "$DISKS/volume" --arg s "$BATS_TEST_TMPDIR/second"
    run_container "$ID-2" "$bundle"
    expect_equal "$(disks_of "$ID" "$drive")" 6
    expect_equal "$(virsh -q -c qemu:///system dumpxml "$(domain_of "$ID")" |
        xmllint --xpath "string(//controller[@type='scsi']/driver/@iothread)" -)" 1
    truncate -s 96M "$DISKS/assigned"
    losetup --set-capacity "$ASSIGNED"
    kata direct-volume resize "$DISKS/volume" 96Mi
    run_kata exec "$ID-2" sh -c 'df -m /assigned | tail -n 1 | awk "{print (\$2 > 80)}"; echo hot >/second/file'
    expect_output 1
    kata delete --force "$ID-2"
    expect_equal "$(disks_of "$ID" "$drive")" 5
    run debugfs -R 'cat /file' "$BATS_TEST_TMPDIR/second"
    expect_contains hot
}
