// The host's devices in a domain's XML, and the way by which a guest finds what is on its buses.
#include "pkg/libvirt-driver/host_device_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/domain_xml.h"
#include "pkg/libvirt-driver/xml_text.h"
#include "tests/unit/libvirt-driver/golden.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::PciPort;
using sandbox::VmConfig;
using sandbox::VmHostDevice;
using test::expect_error;
using test::expect_golden;
using test::golden;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kMediated = "c2177883-f1bb-47f0-914d-32a22e3a8804";

VmHostDevice function_of_a_card(const std::string& name, PciPort port) {
    return {name, "0000:45:00.1", false, port};
}

VmConfig config_with(std::vector<VmHostDevice> devices) {
    VmConfig config;
    config.name = "kata-web";
    config.uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    config.sandbox_id = "web";
    config.state_dir = "/run/vc/sbs/web";
    config.kernel = "/var/lib/kata-containers/vmlinux";
    config.initrd = "/var/lib/kata-containers/initrd.img";
    config.kernel_parameters = "console=ttyS0 panic=1";
    config.machine_type = "q35";
    config.memory_mib = 512;
    config.hotplug_ports = 2;
    config.host_devices = std::move(devices);
    return config;
}

std::string xml_of(const VmConfig& config) {
    return build_domain_xml(config, {sandbox::Accelerator::tcg, std::nullopt});
}

std::vector<std::string> select(const VmConfig& config, const char* xpath) {
    return select_text(xml_of(config), xpath, "a test's domain");
}

std::string path_of(const std::string& live_xml, const std::string& name) {
    const pugi::xml_document domain = parse_domain(live_xml);
    return pci_path_of(devices_of(domain), find_by_alias(devices_of(domain), alias_of(name)));
}

TEST(HostDeviceXml, GivesEachDeviceOfAQ35APortOfItsOwnBehindThoseForHotPlug) {
    VmConfig config = config_with({function_of_a_card("card", PciPort::root),
                                   {"gpu", kMediated, true, PciPort::of_switch},
                                   {"old", "0001:0f:1f.7", false, PciPort::bridge}});
    config.machine.bridges = 1;
    expect_golden("q35-host-devices.xml", xml_of(config));
}

TEST(HostDeviceXml, PutsThoseOfAPcOnItsBridge) {
    VmConfig config = config_with({function_of_a_card("one", PciPort::bridge),
                                   {"two", "0000:45:00.2", false, PciPort::bridge}});
    config.machine_type = "pc";
    config.machine.bridges = 1;
    expect_golden("pc-host-devices.xml", xml_of(config));
}

TEST(HostDeviceXml, ExtendsTheSwitchThatIsThere) {
    VmConfig config = config_with({function_of_a_card("card", PciPort::of_switch)});
    config.machine.switch_ports = 2;
    EXPECT_THAT(select(config, "//controller[@type='pci']/@model"),
                ElementsAre("pcie-root-port",
                            "pcie-root-port",
                            "pcie-root-port",
                            "pcie-switch-upstream-port",
                            "pcie-switch-downstream-port",
                            "pcie-switch-downstream-port",
                            "pcie-switch-downstream-port"));
    EXPECT_THAT(select(config, "//hostdev/address/@bus"), ElementsAre("0x07"));
}

TEST(HostDeviceXml, HasEveryControllerUnderANumberOfItsOwnBesidesBridgesAndDisks) {
    VmConfig config = config_with({function_of_a_card("card", PciPort::root)});
    config.machine.bridges = 1;
    sandbox::VmDisk disk;
    disk.source = "/dev/sdb";
    disk.serial = "kata1";
    config.disks = {disk};
    EXPECT_THAT(select(config, "//controller[@type='pci']/@index"),
                ElementsAre("1", "2", "3", "4", "5", "6"));
    EXPECT_THAT(select(config, "//disk/address/@bus"), ElementsAre("0x05"));
    EXPECT_THAT(select(config, "//hostdev/address/@bus"), ElementsAre("0x06"));
}

TEST(HostDeviceXml, HasNoPlaceOnABridgeThatIsNotThere) {
    expect_error(
        [] {
            static_cast<void>(xml_of(config_with({function_of_a_card("card", PciPort::bridge)})));
        },
        ErrorCode::unsupported,
        "raise default_bridges");
}

TEST(HostDeviceXml, RefusesWhatIsNoDevice) {
    for (const char* address :
         {"", "45:00.1", "0000:45:00.1'/>", "0000:4G:00.1", "0000:4A:00.1", kMediated}) {
        expect_error(
            [&] {
                validate_host_device({"card", address, false, PciPort::root});
            },
            ErrorCode::invalid_argument,
            "no address");
    }
    expect_error(
        [] {
            validate_host_device({"card", "0000:45:00.1", true, PciPort::root});
        },
        ErrorCode::invalid_argument,
        "no address");
    for (const char* name : {"", "a b", "a'"}) {
        expect_error(
            [&] {
                validate_host_device({name, "0000:45:00.1", false, PciPort::root});
            },
            ErrorCode::invalid_argument,
            "no name");
    }
}

/// As libvirt shows a domain that runs: port 1 has a disk, port 2 is free, port 3 leads to a switch
/// whose ports 5 and 6 hold a device and nothing, and bridge 7 has two devices.
constexpr const char* kLive = R"(<domain><devices>
<disk><alias name='virtio-disk0'/><address type='pci' bus='0x01' slot='0x00' function='0x0'/></disk>
<controller type='pci' index='0' model='pcie-root'/>
<controller type='pci' index='1' model='pcie-root-port'>
 <address type='pci' bus='0x00' slot='0x02' function='0x0'/></controller>
<controller type='pci' index='2' model='pcie-root-port'>
 <address type='pci' bus='0x00' slot='0x02' function='0x1'/></controller>
<controller type='pci' index='3' model='pcie-root-port'>
 <address type='pci' bus='0x00' slot='0x02' function='0x2'/></controller>
<controller type='pci' index='4' model='pcie-switch-upstream-port'>
 <address type='pci' bus='0x03' slot='0x00' function='0x0'/></controller>
<controller type='pci' index='5' model='pcie-switch-downstream-port'>
 <address type='pci' bus='0x04' slot='0x00' function='0x0'/></controller>
<controller type='pci' index='6' model='pcie-switch-downstream-port'>
 <address type='pci' bus='0x04' slot='0x1f' function='0x0'/></controller>
<controller type='pci' index='7' model='pci-bridge'>
 <address type='pci' bus='0x00' slot='0x09' function='0x0'/></controller>
<controller type='sata' index='0'><address type='pci' bus='0x00' slot='0x1f' function='0x2'/></controller>
<hostdev><alias name='ua-gpu'/><address type='pci' bus='0x05' slot='0x00' function='0x0'/></hostdev>
<hostdev><alias name='ua-old'/><address type='pci' bus='0x07' slot='0x01' function='0x0'/></hostdev>
<hostdev><alias name='ua-old2'/><address type='pci' bus='0x07' slot='0x03' function='0x0'/></hostdev>
<hostdev><alias name='ua-onroot'/><address type='pci' bus='0x00' slot='0x0a' function='0x1'/></hostdev>
<hostdev><alias name='ua-nowhere'/></hostdev>
</devices></domain>)";

std::vector<std::string> bus_and_slot(PciPort port) {
    const auto xml = build_host_device_xml(function_of_a_card("new", port), kLive);
    return select_text(xml, "/hostdev/address/@bus | /hostdev/address/@slot", "a device");
}

TEST(HostDeviceXml, IsPluggedIntoTheFirstPlaceOfItsKindThatIsFree) {
    EXPECT_THAT(bus_and_slot(PciPort::root), ElementsAre("0x02", "0x00"));
    EXPECT_THAT(bus_and_slot(PciPort::of_switch), ElementsAre("0x06", "0x00"));
    EXPECT_THAT(bus_and_slot(PciPort::bridge), ElementsAre("0x07", "0x02"));
}

// vfio.bats lets libvirt judge each of these within its domain.
TEST(HostDeviceXml, IsAsRecordedWhereItIsPlugged) {
    const std::string live = golden("q35-host-devices.xml");
    expect_golden("plugged-card.xml",
                  build_host_device_xml({"new", "0000:46:00.0", false, PciPort::root}, live));
    expect_golden(
        "plugged-mediated-device.xml",
        build_host_device_xml(
            {"vgpu", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", true, PciPort::bridge}, live));
}

TEST(HostDeviceXml, SaysWhichKeyGivesMorePlaces) {
    constexpr const char* kFull = "<domain><devices/></domain>";
    const auto plug = [&](PciPort port) {
        return
            [=] { static_cast<void>(build_host_device_xml(function_of_a_card("x", port), kFull)); };
    };
    expect_error(plug(PciPort::root), ErrorCode::unsupported, "raise pcie_root_port in");
    expect_error(plug(PciPort::of_switch), ErrorCode::unsupported, "raise pcie_switch_port in");
    expect_error(plug(PciPort::bridge), ErrorCode::unsupported, "raise default_bridges in");
}

TEST(PciPath, LeadsThroughEveryBusFromTheRootToTheDevice) {
    EXPECT_EQ(path_of(kLive, "onroot"), "0a.1");
    EXPECT_EQ(path_of(kLive, "old2"), "09.0/03.0");
    EXPECT_EQ(path_of(kLive, "gpu"), "02.2/00.0/00.0/00.0");
}

TEST(PciPath, IsNotMadeUpForADeviceWithoutAPlaceOrOnAnEndlessBus) {
    expect_error(
        [] { static_cast<void>(path_of(kLive, "nowhere")); }, ErrorCode::internal, "no place");
    constexpr const char* kLoop = R"(<domain><devices>
<controller type='pci' index='1'><address type='pci' bus='0x01' slot='0x00' function='0x0'/></controller>
<hostdev><alias name='ua-x'/><address type='pci' bus='0x01' slot='0x00' function='0x0'/></hostdev>
</devices></domain>)";
    expect_error([] { static_cast<void>(path_of(kLoop, "x")); }, ErrorCode::internal, "no place");
}

TEST(PciPath, HasNoDeviceForANameThatIsOnlyTheBeginningOfOne) {
    const pugi::xml_document domain = parse_domain(kLive);
    EXPECT_FALSE(find_by_alias(devices_of(domain), alias_of("ol")));
    EXPECT_THAT(std::string(find_by_alias(devices_of(domain), "ua-").name()), IsEmpty());
}

}  // namespace
}  // namespace kata::libvirt_driver
