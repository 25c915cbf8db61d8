# shellcheck shell=bash
# (j) files in a container of kata-runtime's own on each kind of storage, beside the bare device, the file system of the
# same disk on the host, and runc; (k) direct-volume's commands beside runc list. Each kind has a container of its own, one
# after the other; all their data lies in WORK.

STORAGE_MIB=${STORAGE_MIB:-256}
STORAGE_SECONDS=${STORAGE_SECONDS:-5}
STORAGE_FILE=data # that fio works on, in the directory it is started in
STORAGE_KINDS=(virtio-fs/never virtio-fs/auto virtio-fs/always virtio-9p block-root direct-volume)
STORAGE_JOBS=("write, 1 MiB each" "read, 1 MiB each" "random read, 4 KiB each" "random write, 4 KiB each" filecreate filestat filedelete)
# Past the page caches, 16 at a time: what the disk itself gives.
STORAGE_DIRECT_JOBS=("direct write, 1 MiB each" "direct read, 1 MiB each" "direct random read" "direct random write")

# What can keep processors busy while fio, one thread, works; as many as stay idle wait for the disk.
BUSY_PARTS=("busy: the guest's CPUs" "busy: QEMU beside them" "busy: the file server")

# storage_job JOB: UNIT, FILTER and JOB_ARGUMENTS for fio.
storage_job() {
    local size=--size=${STORAGE_MIB}M
    local timed=("$size" --runtime="$STORAGE_SECONDS" --time_based)
    local deep=(--direct=1 --ioengine=libaio --iodepth=16 --filename="$STORAGE_FILE")
    UNIT=IO/s FILTER='[.read.iops, .write.iops] | max | round'
    case $1 in
    *"1 MiB each") UNIT=MiB/s FILTER='[.read.bw, .write.bw] | max / 1024 | round' ;;
    esac
    case $1 in
    "write, 1 MiB each") JOB_ARGUMENTS=(--rw=write --bs=1M "$size" --end_fsync=1 --filename="$STORAGE_FILE") ;;
    "read, 1 MiB each") JOB_ARGUMENTS=(--rw=read --bs=1M "$size" --filename="$STORAGE_FILE") ;;
    "random read, 4 KiB each") JOB_ARGUMENTS=(--rw=randread --bs=4k "${timed[@]}" --filename="$STORAGE_FILE") ;;
    "random write, 4 KiB each") JOB_ARGUMENTS=(--rw=randwrite --bs=4k "${timed[@]}" --filename="$STORAGE_FILE") ;;
    "direct write, 1 MiB each") JOB_ARGUMENTS=(--rw=write --bs=1M "$size" "${deep[@]}") ;;
    "direct read, 1 MiB each") JOB_ARGUMENTS=(--rw=read --bs=1M "$size" "${deep[@]}") ;;
    "direct random read") JOB_ARGUMENTS=(--rw=randread --bs=4k "${timed[@]}" "${deep[@]}") ;;
    "direct random write") JOB_ARGUMENTS=(--rw=randwrite --bs=4k "${timed[@]}" "${deep[@]}") ;;
    *) JOB_ARGUMENTS=(--ioengine="$1" --filesize=4k --nrfiles=1000 --openfiles=1 --fallocate=none) ;;
    esac
}

# run_jobs KIND COMMAND...: the command runs fio in the directory that is measured.
run_jobs() {
    local kind=$1 job jobs=("${STORAGE_JOBS[@]}")
    shift
    ! on_a_disk "$kind" || jobs+=("${STORAGE_DIRECT_JOBS[@]}")
    [[ $kind != device ]] || jobs=("${STORAGE_DIRECT_JOBS[@]}")
    for job in "${jobs[@]}"; do
        progress "storage: $kind: $job"
        storage_job "$job"
        timed "$@" --name=bench --output-format=json "${JOB_ARGUMENTS[@]}"
        sample "$job/$kind" "$UNIT" "$(sed -n '/^{/,$p' "$WORK/out" | jq ".jobs[0] | $FILTER")"
    done
}

on_a_disk() {
    [[ $1 == host || $1 == block-root || $1 == direct-volume ]]
}

# make_disk FILE: a file system of its own on the disk that all kinds share.
make_disk() {
    truncate -s "$((STORAGE_MIB * 2 + 256))M" "$1"
    mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1"
}

make_storage_bundle() {
    KATA_RUNTIME=$KATA make/bundle.sh "$WORK/storage" sleep 100000
    with_libraries "$WORK/storage/rootfs" "$(command -v fio)"
    mkdir -p "$WORK/storage/rootfs/work" "$WORK/storage/work"
    jq '.root.readonly = false' "$WORK/storage/config.json" >"$WORK/storage/config.json.new"
    mv "$WORK/storage/config.json.new" "$WORK/storage/config.json"
    cp -r "$WORK/storage" "$WORK/storage-volume"
    jq '.mounts += [{destination: "/work", type: "bind", source: $source, options: ["rbind", "rw"]}]' \
        --arg source "$WORK/volume" "$WORK/storage/config.json" >"$WORK/storage-volume/config.json"
}

# The bare device below it, without a file system or a VM.
measure_device() {
    local STORAGE_FILE
    truncate -s "$((STORAGE_MIB * 2 + 256))M" "$WORK/device.img"
    STORAGE_FILE=$(losetup --find --show "$WORK/device.img")
    run_jobs device fio
    losetup --detach "$STORAGE_FILE"
    rm "$WORK/device.img"
}

# The same file system as the guest's, on the same disk, without a VM.
measure_host_storage() {
    make_disk "$WORK/host.img"
    mkdir "$WORK/host"
    mount -o loop "$WORK/host.img" "$WORK/host"
    (cd "$WORK/host" && run_jobs host fio) || exit
    umount "$WORK/host"
    rm "$WORK/host.img"
}

measure_runc_storage() {
    timed runc --root "$WORK/runc" run --detach --bundle "$WORK/storage" "$ID-storage"
    run_jobs runc runc --root "$WORK/runc" exec --cwd /work "$ID-storage" fio
    timed runc --root "$WORK/runc" delete --force "$ID-storage"
}

# ticks_of WHICH PID...: processor time of the threads of these processes: of the guest's CPUs, of the others, or of all.
ticks_of() {
    local which=$1 pid
    shift
    for pid in "$@"; do
        cat "/proc/$pid"/task/*/stat 2>/dev/null || true
    done | awk -v which="$which" '
        {
            is_cpu = $0 ~ /\(CPU [0-9]+\//
            sub(/.*\) /, "")  # the name may have spaces
            if (which == "all" || (which == "guest") == is_cpu) sum += $12 + $13
        }
        END { print sum + 0 }'
}

# Those of a sandbox: "guest QEMU server".
busy_ticks() {
    local qemu servers
    qemu=$(vm_pid "$1")
    mapfile -t servers < <(file_server_pids "$1")
    echo "$(ticks_of guest "$qemu") $(ticks_of others "$qemu") $(ticks_of all "${servers[@]}")"
}

# sample_busy KIND TICKS_BEFORE TICKS_AFTER MICROSECONDS: how many processors each part kept busy meanwhile.
sample_busy() {
    local part index=0 before after
    read -ra before <<<"$2"
    read -ra after <<<"$3"
    for part in "${BUSY_PARTS[@]}"; do
        sample "$part/$1" CPUs "$(awk -v ticks=$((after[index] - before[index])) -v hertz="$(getconf CLK_TCK)" -v us="$4" \
            'BEGIN { printf "%.2f", ticks / hertz / (us / 1000000) }')"
        index=$((index + 1))
    done
}

# measure_container KIND BUNDLE [LINE...]: the lines are the hypervisor's section of a configuration.
measure_container() {
    local kind=$1 bundle=$2 ticks began
    shift 2
    printf '%s\n' '[hypervisor.qemu]' "$@" >"$WORK/storage.toml"
    timed "$KATA" --root "$WORK/kata" --config "$WORK/storage.toml" run --detach --bundle "$bundle" "$ID-storage"
    [[ ${#SANDBOX_QEMU[@]} != 0 || $kind != direct-volume ]] || note_sandbox "$ID-storage"
    ticks=$(busy_ticks "$ID-storage")
    began=$(now)
    run_jobs "$kind" "$KATA" --root "$WORK/kata" exec --cwd /work "$ID-storage" fio
    sample_busy "$kind" "$ticks" "$(busy_ticks "$ID-storage")" $(($(now) - began))
    timed "$KATA" --root "$WORK/kata" delete --force "$ID-storage"
    rm -rf "$bundle"/rootfs/work/*
}

# The default guest's kernel has no 9p: one that has is made as the tests make it.
generic_guest() {
    export GUEST_KERNEL_FLAVOUR=amd64 GUEST_OUT=${BUILD:-build}/tests/guest-amd64 GUEST_CACHE=${BUILD:-build}/guest/packages
    guest/kernel.sh && guest/initrd.sh "${BUILD:-build}/pkg/agent/guest/kata-agent"
}

measure_9p() {
    local guest=$PWD/${BUILD:-build}/tests/guest-amd64
    progress "storage: a guest with 9p"
    (generic_guest) >"$WORK/out" 2>"$WORK/err" || failed "making a guest with 9p"
    measure_container virtio-9p "$WORK/storage" 'shared_fs = "virtio-9p"' "kernel = \"$guest/vmlinux\"" "initrd = \"$guest/initrd.img\""
}

# The runtime takes the mounted root away from the host, and the loop device with it.
measure_block_root() {
    make_disk "$WORK/root.img"
    mkdir "$WORK/storage-root"
    cp "$WORK/storage/config.json" "$WORK/storage-root"
    mkdir "$WORK/storage-root/rootfs"
    mount -o loop "$WORK/root.img" "$WORK/storage-root/rootfs"
    cp -a "$WORK/storage/rootfs/." "$WORK/storage-root/rootfs"
    measure_container block-root "$WORK/storage-root"
    umount "$WORK/storage-root/rootfs" 2>/dev/null || true
    rm "$WORK/root.img"
}

measure_direct_volume() {
    make_disk "$WORK/volume.img"
    mkdir "$WORK/volume"
    timed "$KATA" direct-volume add "$WORK/volume" "{\"device\": \"$WORK/volume.img\", \"fstype\": \"ext4\"}"
    measure_container direct-volume "$WORK/storage-volume"
    timed "$KATA" direct-volume remove "$WORK/volume"
    rm "$WORK/volume.img"
}

# A direct volume is an entry on this host only: the commands take no VM.
# shellcheck disable=SC2034  # PROGRAMS and PREPARE are read by compare_command
measure_volume_commands() {
    local entry="'{\"device\": \"$WORK/entry.img\", \"fstype\": \"ext4\"}'"
    local command PROGRAMS PREPARE
    truncate -s 1M "$WORK/entry.img"
    mkdir -p "$WORK/entry" "$WORK/spec"
    for command in "direct-volume add $WORK/entry $entry" "direct-volume remove $WORK/entry" "direct-volume list"; do
        case $command in
        *" add "*) PREPARE="$KATA direct-volume remove $WORK/entry" ;;
        *) PREPARE="$KATA direct-volume add $WORK/entry $entry" ;;
        esac
        PROGRAMS=("$KATA $command" "runc --root $WORK/empty list")
        compare_command "$(cut -d' ' -f1-2 <<<"$command")" @
    done
    timed "$KATA" direct-volume remove "$WORK/entry"
}

# What a run that was cut short may have left.
clear_storage() {
    local mount volume
    for mount in "$WORK/host" "$WORK/storage-root/rootfs"; do
        umount "$mount" 2>/dev/null || true
    done
    losetup --associated "$WORK/device.img" 2>/dev/null | cut -d: -f1 | xargs -r losetup --detach
    for volume in "$WORK/volume" "$WORK/entry"; do
        [[ ! -e $volume ]] || "$KATA" direct-volume remove "$volume" >/dev/null 2>&1 || true
    done
}

# An emulated processor copies each byte itself: only with KVM the disk is what limits a direct volume.
goal_of() {
    if [[ $1 == direct-volume && $(accelerator) == kvm ]]; then
        echo "share 0.95"
    else
        echo -
    fi
}

# The part that keeps most processors busy limits the others, unless all of them rest.
limit_of() {
    local part
    for part in "${BUSY_PARTS[@]}"; do
        awk -F'\t' -v figure="$part/$1" -v part="${part#busy: }" '$1 == figure { print $3 "\t" part }' "$WORK/samples"
    done | sort -rn | awk -F'\t' 'NR == 1 { print $1 < 0.5 ? "the disk" : $2 }'
}

storage_rows() {
    local kind job part section
    for kind in "${STORAGE_KINDS[@]}"; do
        section="files, $kind: limited by $(limit_of "$kind")"
        for job in "${STORAGE_JOBS[@]}"; do
            row "$section" "$job" "$job/$kind" runc "$job/runc"
        done
        ! on_a_disk "$kind" || for job in "${STORAGE_DIRECT_JOBS[@]}"; do
            row "$section" "$job" "$job/$kind" host "$job/host"
            row "$section" "$job" "$job/$kind" "bare device" "$job/device" "$(goal_of "$kind")"
        done
        for part in "${BUSY_PARTS[@]}"; do
            row "$section" "$part" "$part/$kind"
        done
    done
}

measure_storage() {
    local mode
    make_storage_bundle
    measure_volume_commands
    measure_device
    measure_host_storage
    measure_runc_storage
    for mode in never auto always; do
        measure_container "virtio-fs/$mode" "$WORK/storage" "virtio_fs_cache = \"$mode\""
    done
    measure_9p
    measure_block_root
    measure_direct_volume
    storage_rows
}
