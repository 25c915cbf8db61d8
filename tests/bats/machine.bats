#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What the configuration makes of a virtual machine, seen by its guest, by libvirt and on the host: a q35 machine of
# fixed size with everything that fits into one, and a pc machine of a user of its own that grows by virtio-mem.

load helpers

QBOOT=/usr/share/qemu/qboot.rom

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    Q35=$(unique_id q35)
    PC=$(unique_id pc)
    export Q35 PC
    mkdir "$BATS_FILE_TMPDIR/swap"
    write_q35
    write_pc
    make_machine "$Q35" '.linux.resources.cpu.cpus = "0-1"'
    make_machine "$PC" '.'
}

teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

write_q35() {
    cat >"$BATS_FILE_TMPDIR/$Q35.toml" <<TOML
[hypervisor.qemu]
machine_type = "q35"
machine_accelerators = "smm=off"
firmware = "$QBOOT"
cpu_features = "-rdrand"
default_vcpus = 2
default_memory = 1024
enable_numa = true
numa_mapping = ["0", "0"]
enable_iommu = true
entropy_source = "/dev/urandom"
reclaim_guest_freed_memory = true
enable_iothreads = true
[runtime]
static_sandbox_resource_mgmt = true
enable_vcpus_pinning = true
TOML
}

write_pc() {
    cat >"$BATS_FILE_TMPDIR/$PC.toml" <<TOML
[hypervisor.qemu]
machine_type = "pc"
default_vcpus = 1
default_memory = 512
enable_virtio_mem = true
rootless = true
enable_guest_swap = true
guest_swap_path = "$BATS_FILE_TMPDIR/swap"
guest_swap_size_percent = 50
TOML
}

# make_machine ID FILTER: a container that waits, in a machine by the configuration of its id.
make_machine() {
    local bundle
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" "$2"
    kata --config "$BATS_FILE_TMPDIR/$1.toml" run --detach --bundle "$bundle" "$1" </dev/null >"$bundle/out" 2>&1 || {
        cat "$bundle/out"
        return 1
    }
}

guest() {
    kata exec "$1" sh -c "$2" </dev/null
}

xml_of() {
    virsh -q dumpxml "kata-$1"
}

qemu_of() {
    pgrep -f -- "guest=kata-$1,"
}

@test "a q35 machine has the firmware, processor, memory nodes and devices of its configuration" {
    [[ $(xml_of "$Q35") == *"$QBOOT"* ]]
    expect_equal "$(guest "$Q35" 'grep -c ^processor /proc/cpuinfo')" 2
    expect_equal "$(guest "$Q35" 'grep -cw rdrand /proc/cpuinfo || true')" 0
    [[ $(guest "$PC" 'grep -cw rdrand /proc/cpuinfo') -gt 0 ]]
    expect_equal "$(guest "$Q35" 'ls -d /sys/devices/system/node/node* | wc -l')" 2
    expect_equal "$(guest "$Q35" 'ls -d /sys/devices/system/node/node0/cpu[0-9]* /sys/devices/system/node/node1/cpu[0-9]* | wc -l')" 2
    run guest "$Q35" 'cat /proc/cmdline'
    expect_contains "intel_iommu=on"
    run guest "$Q35" 'ls /sys/class/iommu'
    expect_contains dmar0
    run guest "$Q35" 'cat /sys/class/misc/hw_random/rng_available'
    expect_contains virtio_rng
}

@test "libvirt has been told what a guest cannot see" {
    run xml_of "$Q35"
    expect_contains "<smm state='off'/>"
    expect_contains "freePageReporting='on'"
    expect_contains "<backend model='random'>/dev/urandom</backend>"
    [[ $(virsh -q iothreadinfo "kata-$Q35" | wc -l) -ge 1 ]]
}

@test "as many vCPUs as the cpuset has CPUs have one each" {
    [[ $(nproc) -ge 2 ]] || skip "this host has one CPU"
    expect_equal "$(virsh -q vcpupin "kata-$Q35" | awk '{ print $2 }' | sort | tr '\n' ' ')" "0 1 "
}

@test "a machine of fixed size is not resized by update" {
    local before
    before=$(guest "$Q35" 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')
    kata update --memory $((256 << 20)) "$Q35"
    expect_equal "$(guest "$Q35" 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')" "$before"
    expect_equal "$(guest "$Q35" 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/*/memory.max | head -n 1')" $((256 << 20))
}

@test "a pc machine runs as a user that nobody else has, and reads its files all the same" {
    local uid
    uid=$(stat -c %u "/proc/$(qemu_of "$PC")")
    [[ $uid != 0 && $uid != "$(id -u libvirt-qemu)" ]]
    [[ -z $(getent passwd "$uid") ]]
    [[ $(xml_of "$PC") == *"machine='pc-"* ]]
    expect_equal "$(guest "$PC" 'head -c 4 /bin/busybox | tail -c 3')" ELF
}

@test "a guest swaps to a file of its user's that takes no room before" {
    local file
    expect_equal "$(guest "$PC" 'awk "NR == 2 { print int(\$3 / 1024 + 0.5) }" /proc/swaps')" 256
    file=$(find "$BATS_FILE_TMPDIR/swap" -type f)
    expect_equal "$(stat -c %u "$file")" "$(stat -c %u "/proc/$(qemu_of "$PC")")"
    [[ $(stat -c %b "$file") -lt 1000 ]]
}

@test "a machine grows by virtio-mem when update asks for more" {
    local before
    [[ $(xml_of "$PC") == *"<memory model='virtio-mem'"* ]]
    before=$(guest "$PC" 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')
    kata update --memory $((512 << 20)) "$PC"
    (($(guest "$PC" 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo') >= before + 500 * 1024))
}
