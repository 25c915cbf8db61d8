#include "pkg/libvirt-driver/nic_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/domain_xml.h"
#include "tests/unit/libvirt-driver/golden.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::VmNic;
using test::expect_golden;
using test::failure_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

VmNic tap() {
    return {.host_device = "kt0f6c1d386c0",
            .managed = true,
            .mac = "02:42:ac:11:00:02",
            .mtu = 1500,
            .queues = 1,
            .vhost = true};
}

VmNic macvtap() {
    return {.host_device = "kt0f6c1d386c1",
            .managed = false,
            .mac = "02:42:ac:11:00:03",
            .mtu = 0,
            .queues = 4,
            .vhost = false};
}

sandbox::VmConfig config_with(std::vector<VmNic> nics) {
    sandbox::VmConfig config;
    config.name = "kata-web";
    config.uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    config.sandbox_id = "web";
    config.state_dir = "/run/vc/sbs/web";
    config.kernel = "/var/lib/kata-containers/vmlinux";
    config.initrd = "/var/lib/kata-containers/initrd.img";
    config.kernel_parameters = "console=ttyS0 panic=1";
    config.machine_type = "q35";
    config.memory_mib = 512;
    config.nics = std::move(nics);
    config.hotplug_ports = 2;
    return config;
}

std::string domain_of(const sandbox::VmConfig& config) {
    return build_domain_xml(config, {sandbox::Accelerator::tcg, std::nullopt});
}

TEST(NicXml, OfATapThatLibvirtMakesIsAsRecorded) {
    expect_golden("nic-tap.xml", build_nic_xml(tap()));
}

TEST(NicXml, OfAMacvtapWithQueuesAndWithoutVhostIsAsRecorded) {
    expect_golden("nic-macvtap.xml", build_nic_xml(macvtap()));
}

TEST(NicXml, OfADomainHasFixedSlotsAndPortsForMore) {
    expect_golden("q35-nics.xml", domain_of(config_with({tap(), macvtap()})));
}

TEST(NicXml, OfAPcHasNoRootPorts) {
    sandbox::VmConfig config = config_with({tap()});
    config.machine_type = "pc";
    EXPECT_THAT(domain_of(config), Not(HasSubstr("pcie-root-port")));
}

TEST(NicXml, IsRefusedForMoreInterfacesThanSlots) {
    const std::vector<VmNic> many(kMaxColdNics + 1, tap());
    EXPECT_EQ(failure_of([&] { static_cast<void>(domain_of(config_with(many))); }).code(),
              ErrorCode::unsupported);
}

TEST(NicXml, IsRefusedForWhatIsNoMacAddressOrDeviceName) {
    for (const char* mac : {"", "02:42:ac:11:00", "02:42:AC:11:00:02", "02-42-ac-11-00-02", "zz"}) {
        VmNic nic = tap();
        nic.mac = mac;
        EXPECT_EQ(failure_of([&] { validate_nic(nic); }).code(), ErrorCode::invalid_argument)
            << mac;
    }
    for (const char* name : {"", "a/b", "../x", "a b", "a\"><x", "0123456789abcdef"}) {
        VmNic nic = tap();
        nic.host_device = name;
        EXPECT_EQ(failure_of([&] { validate_nic(nic); }).code(), ErrorCode::invalid_argument)
            << name;
    }
}

TEST(NicMacs, AreReadFromADomainsXml) {
    EXPECT_THAT(nic_macs(domain_of(config_with({tap(), macvtap()}))),
                ElementsAre("02:42:ac:11:00:02", "02:42:ac:11:00:03"));
    EXPECT_THAT(nic_macs("<domain/>"), IsEmpty());
}

}  // namespace
}  // namespace kata::libvirt_driver
