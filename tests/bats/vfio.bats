#!/usr/bin/env bats
# Hardware of the host: what libvirt makes of the recorded domains that have it, and of all others and what is plugged
# into them, and what is refused, without a virtual machine.

load helpers
load refusal

setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

RECORDED=$BATS_TEST_DIRNAME/../unit/libvirt-driver/data

# native FILE: QEMU's command line for a domain that libvirt's schema accepts. The host may have one NUMA node only, and
# no huge pages.
native() {
    virt-xml-validate "$1" domain >&2 || return 1
    sed 's/nodeset="0-1"/nodeset="0"/; /<hugepages/d' "$1" >"$BATS_TEST_TMPDIR/native.xml"
    virsh -q -c qemu:///system domxml-to-native qemu-argv "$BATS_TEST_TMPDIR/native.xml"
}

# devices_of: the devices of the command line on standard input, one a line.
devices_of() {
    grep -o "'{\"driver\":[^']*}'" | tr -d "'"
}

# qemu_devices NAME: those of a recorded domain.
qemu_devices() {
    native "$RECORDED/$1.xml" | devices_of
}

# device LIST ID EXPRESSION: what jq finds of one of them.
device() {
    jq -r "select(.id == \"$2\") | $3" <<<"$1"
}

@test "libvirt gives the devices of the recorded domains to QEMU, each in the port that it has there" {
    local devices
    devices=$(qemu_devices q35-host-devices)
    expect_equal "$(device "$devices" ua-card '.driver, .host, .bus' | xargs)" "vfio-pci 0000:45:00.1 pci.5"
    expect_equal "$(device "$devices" pci.5 .driver)" pcie-root-port
    expect_equal "$(device "$devices" ua-gpu '.driver, .sysfsdev, .bus' | xargs)" \
        "vfio-pci /sys/bus/mdev/devices/c2177883-f1bb-47f0-914d-32a22e3a8804 pci.8"
    expect_equal "$(device "$devices" pci.8 '.driver, .bus' | xargs)" "xio3130-downstream pci.7"
    expect_equal "$(device "$devices" pci.7 .driver)" x3130-upstream
    expect_equal "$(device "$devices" ua-old '.host, .bus' | xargs)" "0001:0f:1f.7 pci.4"
    expect_equal "$(device "$devices" pci.4 .driver)" pcie-pci-bridge
    devices=$(qemu_devices pc-host-devices)
    expect_equal "$(device "$devices" ua-two '.host, .bus, .addr' | xargs)" "0000:45:00.2 pci.1 0x2"
    devices=$(qemu_devices q35-served-disk)
    expect_equal "$(device "$devices" ua-kata3 '.driver, .bus' | xargs)" "vhost-user-blk-pci pci.4"
}

@test "libvirt takes every recorded domain" {
    local file count=0
    for file in "$RECORDED"/*.xml; do
        [[ $(head -c 8 "$file") == "<domain " ]] || continue
        run native "$file"
        [[ $status == 0 && $output == *"qemu-system-x86_64"* ]] || { printf '%s: %s\n' "$file" "$output"; return 1; }
        count=$((count + 1))
    done
    [[ $count -ge 10 ]]
}

# plugged PIECE NAME: QEMU's command line for a recorded domain that has the recorded piece, too.
plugged() {
    sed "/^  <\/devices>/e cat '$RECORDED/$1.xml'" "$RECORDED/$2.xml" >"$BATS_TEST_TMPDIR/plugged.xml"
    native "$BATS_TEST_TMPDIR/plugged.xml"
}

@test "libvirt takes every recorded piece that is plugged, at its place and with its tuning" {
    local line devices sectors='.logical_block_size, .physical_block_size, .serial' name
    line=$(plugged plugged-disk q35-disks)
    [[ $line == *'"aio":"native","node-name":"libvirt-1-storage","cache":{"direct":true,"no-flush":false}'* ]]
    expect_equal "$(device "$(devices_of <<<"$line")" virtio-disk2 \
        ".driver, .bus, .iothread, .\"num-queues\", .\"queue-size\", $sectors" | xargs)" \
        "virtio-blk-pci pci.1 iothread1 2 256 512 4096 kata4"
    devices=$(plugged plugged-scsi-disk q35-scsi | devices_of)
    expect_equal "$(device "$devices" scsi0-0-2-0 ".driver, .bus, $sectors" | xargs)" "scsi-hd scsi0.0 512 4096 kata4"
    expect_equal "$(device "$devices" scsi0 '.driver, .iothread, .num_queues' | xargs)" "virtio-scsi-pci iothread1 2"
    devices=$(plugged plugged-served-disk q35-served-disk | devices_of)
    expect_equal "$(device "$devices" ua-kata4 '.driver, .bus' | xargs)" "vhost-user-blk-pci pci.1"
    devices=$(plugged plugged-card q35-host-devices | devices_of)
    expect_equal "$(device "$devices" ua-new '.driver, .host, .bus' | xargs)" "vfio-pci 0000:46:00.0 pci.1"
    devices=$(plugged plugged-mediated-device q35-host-devices | devices_of)
    expect_equal "$(device "$devices" ua-vgpu '.driver, .bus, .addr' | xargs)" "vfio-pci pci.4 0x2"
    for name in nic-tap nic-macvtap; do
        expect_equal "$(plugged "$name" q35-nics | devices_of | grep -c '"virtio-net-pci"')" 3
    done
}

# give_group BUNDLE: as an engine does for --device /dev/vfio/4711.
give_group() {
    edit_spec "$1" '.linux.devices += [{path: "/dev/vfio/4711", type: "c", major: 511, minor: 4711}]
        | .linux.resources.devices += [{allow: true, type: "c", major: 511, minor: 4711, access: "rwm"}]'
}

@test "hardware is refused by a configuration without ports for it, and on a host without an IOMMU" {
    local bundle
    [[ ! -d /sys/class/vfio ]] || skip "the host has VFIO"
    bundle=$(make_bundle true)
    give_group "$bundle"
    expect_refused 'device "/dev/vfio/4711": it is hardware of the host, and cold_plug_vfio in configuration.toml is "no-port"' \
        create --bundle "$bundle" "$(unique_id)"
    printf '[hypervisor.qemu]\ncold_plug_vfio = "root-port"\n' >"$BATS_TEST_TMPDIR/cold.toml"
    expect_refused 'this host has no IOMMU in use' \
        --config "$BATS_TEST_TMPDIR/cold.toml" create --bundle "$bundle" "$(unique_id)"
}

@test "ports that a machine does not have are refused with the key" {
    printf '[hypervisor.qemu]\nmachine_type = "pc"\nhot_plug_vfio = "switch-port"\n' >"$BATS_TEST_TMPDIR/pc.toml"
    run_kata config check "$BATS_TEST_TMPDIR/pc.toml"
    expect_failure '"hypervisor.qemu.hot_plug_vfio" = "switch-port" goes with "machine_type" = "q35" only'
}
