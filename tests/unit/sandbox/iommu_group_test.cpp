#include "pkg/sandbox/iommu_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/vfio_host.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::character_node;
using test::expect_error;
using testing::ElementsAre;
using testing::Field;

class IommuGroupTest : public testing::Test {
  protected:
    void expect_refused(unsigned group, ErrorCode code, const char* text) {
        expect_error([&] { static_cast<void>(assignable_group(group, host_.view())); }, code, text);
    }

    test::VfioHost host_;
};

TEST_F(IommuGroupTest, HasAllItsDevicesButBridges) {
    const IommuGroup group = assignable_group(12, host_.view());
    EXPECT_THAT(group.devices,
                ElementsAre(Field(&IommuDevice::address, "0000:45:00.0"),
                            Field(&IommuDevice::address, "0000:45:00.1")));
    EXPECT_FALSE(group.devices[0].mediated);
}

TEST_F(IommuGroupTest, OfAMediatedDeviceNeedsNoVfioPci) {
    host_.remove("sys/bus/pci/drivers/vfio-pci");
    const IommuGroup group = assignable_group(30, host_.view());
    ASSERT_EQ(group.devices.size(), 1U);
    EXPECT_TRUE(group.devices[0].mediated);
}

TEST_F(IommuGroupTest, TakesTheVariantsOfVfioPci) {
    host_.set_driver(12, "0000:45:00.1", "mlx5_vfio_pci");
    EXPECT_EQ(assignable_group(12, host_.view()).devices.size(), 2U);
}

TEST_F(IommuGroupTest, IsRefusedAsLongAsTheHostDrivesOneOfItsDevices) {
    host_.set_driver(12, "0000:45:00.1", "ixgbevf");
    expect_refused(12,
                   ErrorCode::invalid_state,
                   "device 0000:45:00.1 has the driver ixgbevf, not vfio-pci; run 'virsh "
                   "nodedev-detach pci_0000_45_00_1'");
    host_.set_driver(12, "0000:45:00.1", "");
    expect_refused(12, ErrorCode::invalid_state, "0000:45:00.1 has no driver, not vfio-pci");
}

TEST_F(IommuGroupTest, ThatDoesNotExistIsNamed) {
    expect_refused(99, ErrorCode::not_found, "no device in an IOMMU group 99");
}

TEST_F(IommuGroupTest, NeedsTheDriver) {
    host_.remove("sys/bus/pci/drivers/vfio-pci");
    expect_refused(12, ErrorCode::unsupported, "run 'modprobe vfio-pci'");
}

TEST_F(IommuGroupTest, NeedsAnIommuAndSaysHowThisCpuGetsOne) {
    host_.remove("sys/kernel/iommu_groups");
    expect_refused(12, ErrorCode::unsupported, "boot the kernel with intel_iommu=on");
    std::filesystem::create_directories(host_ / "sys/kernel/iommu_groups");
    expect_refused(12, ErrorCode::unsupported, "no IOMMU in use");
    host_.write("proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
    expect_refused(12, ErrorCode::unsupported, "AMD-Vi on in the firmware");
}

TEST_F(IommuGroupTest, IsFoundByTheAddressOfOneOfItsDevices) {
    for (const char* address : {"0000:45:00.1", "45:00.1"}) {
        const IommuPlace place = iommu_place_of(address, host_.view());
        EXPECT_EQ(place.group, 12U);
        EXPECT_EQ(place.address, "0000:45:00.1");
        EXPECT_EQ(host_device_name(place.address), "vfio-0000-45-00-1");
    }
    expect_error([&] { static_cast<void>(iommu_place_of("46:00.0", host_.view())); },
                 ErrorCode::not_found,
                 "no device 0000:46:00.0 that its IOMMU knows; see 'lspci -D'");
}

TEST_F(IommuGroupTest, StandsForItsOnlyDevice) {
    EXPECT_EQ(iommu_place_of("/dev/vfio/7", host_.view()).address, "0000:00:1f.3");
    expect_error([&] { static_cast<void>(iommu_place_of("/dev/vfio/12", host_.view())); },
                 ErrorCode::invalid_argument,
                 "IOMMU group 12 has several devices (0000:45:00.0, 0000:45:00.1); name the one");
    expect_error([&] { static_cast<void>(iommu_place_of("/dev/vfio/99", host_.view())); },
                 ErrorCode::not_found,
                 "no device in an IOMMU group 99");
}

TEST_F(IommuGroupTest, IsFoundByTheNumbersOfANodeAndNotByItsName) {
    const auto group_of = [&](const oci::Device& node) {
        return group_of_node(node, host_.view());
    };
    EXPECT_EQ(group_of(character_node("/dev/elsewhere", 243, 12)), std::optional(12U));
    EXPECT_EQ(group_of(character_node("/dev/vfio/12", 10, 196)), std::nullopt);
    EXPECT_EQ(group_of(character_node("/dev/vfio/12", 243, 13)), std::nullopt);
    oci::Device block = character_node("/dev/vfio/12", 243, 12);
    block.type = "b";
    EXPECT_EQ(group_of(block), std::nullopt);
}

TEST_F(IommuGroupTest, IsFoundByTheNumbersOfOneOfItsDevices) {
    host_.write("sys/class/vfio-dev/vfio3/dev", "511:3\n");
    std::filesystem::create_directories(host_ / "sys/class/vfio-dev/vfio3/device");
    std::filesystem::create_symlink("../../../../kernel/iommu_groups/12",
                                    host_ / "sys/class/vfio-dev/vfio3/device/iommu_group");
    EXPECT_EQ(group_of_node(character_node("/dev/vfio/devices/vfio3", 511, 3), host_.view()),
              std::optional(12U));
}

TEST_F(IommuGroupTest, IsFoundByItsNameOnAHostWithoutVfio) {
    host_.remove("sys/class/vfio");
    const auto group_of = [&](const char* path) {
        return group_of_node(character_node(path, 243, 0), host_.view());
    };
    EXPECT_EQ(group_of("/dev/vfio/12"), std::optional(12U));
    for (const char* path :
         {"/dev/vfio/vfio", "/dev/vfio/", "/dev/vfio/1x", "/dev/null", "/dev/vfio/-1"}) {
        EXPECT_EQ(group_of(path), std::nullopt) << path;
    }
}

TEST(VfioContainer, IsTheNodeThatOpensNoDevice) {
    EXPECT_TRUE(is_vfio_container(character_node("/dev/vfio/vfio", 10, 196)));
    EXPECT_FALSE(is_vfio_container(character_node("/dev/vfio/12", 243, 0)));
}

}  // namespace
}  // namespace kata::sandbox
