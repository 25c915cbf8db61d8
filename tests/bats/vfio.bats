#!/usr/bin/env bats
# Hardware of the host: what libvirt makes of the recorded domains that have it, and what is refused, without a
# virtual machine.

load helpers
load refusal

setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

RECORDED=$BATS_TEST_DIRNAME/../unit/libvirt-driver/data

# qemu_devices NAME: the devices of QEMU's command line for a recorded domain, one a line.
qemu_devices() {
    virt-xml-validate "$RECORDED/$1.xml" domain >&2
    virsh -q -c qemu:///system domxml-to-native qemu-argv "$RECORDED/$1.xml" | grep -o '{"driver":[^}]*}'
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
