// Devices that the guest finds by their way over its PCI buses, on recorded trees of sysfs.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/agent/guest/block_device.h"
#include "pkg/agent/guest/host_devices.h"
#include "pkg/agent/guest/pci_device.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using nlohmann::json;
using std::chrono::milliseconds;
using test::expect_error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRoot = "devices/pci0000:00/";
constexpr const char* kPort = "devices/pci0000:00/0000:00:02.1/";
constexpr const char* kDisk = "devices/pci0000:00/0000:00:02.1/0000:05:00.0";
constexpr const char* kCard = "devices/pci0000:00/0000:00:02.2/0000:06:00.0";
constexpr const char* kBehindSwitch =
    "devices/pci0000:00/0000:00:02.0/0000:01:00.0/0000:02:1f.0/0000:04:00.0";

base::Deadline soon() {
    return base::Deadline::after(milliseconds(20));
}

/// Port 02.1 has a disk with a partition; port 02.2 a graphics card; below port 02.0 is a switch
/// with a device that has no driver.
class GuestPciTest : public testing::Test {
  protected:
    void SetUp() override {
        sysfs_.write(std::string(kRoot) + "0000:00:01.0/class", "0x060000\n");
        sysfs_.write(std::string(kPort) + "0000:05:00.1/class", "0x010000\n");
        add_class_device(std::string(kDisk) + "/virtio4/block/vda", "block", "vda", 254, 0);
        add_class_device(std::string(kDisk) + "/virtio4/block/vda/vda1", "block", "vda1", 254, 1);
        sysfs_.write(std::string(kDisk) + "/virtio4/block/vda/dev", "254:0\n");
        link("block/vda", fs::path("..") / kDisk / "virtio4/block/vda");
        add_driver(kDisk, "virtio-pci");
        add_class_device(std::string(kCard) + "/drm/card0", "drm", "dri/card0", 226, 0);
        add_class_device(std::string(kCard) + "/drm/renderD128", "drm", "dri/renderD128", 226, 128);
        sysfs_.write(std::string(kCard) + "/drm/card0/card0-HDMI-A-1/uevent", "DEVTYPE=drm\n");
        add_driver(kCard, "nouveau");
        describe(kCard, "10de", "1eb8");
        describe(kBehindSwitch, "8086", "10ed");
    }
    void link(const std::string& name, const fs::path& target) {
        fs::create_directories((sysfs_ / name).parent_path());
        fs::create_symlink(target, sysfs_ / name);
    }
    void add_driver(const std::string& device, const std::string& name) {
        link(device + "/driver", fs::path("/sys/bus/pci/drivers") / name);
    }
    void describe(const std::string& device, const std::string& vendor, const std::string& number) {
        sysfs_.write(device + "/vendor", "0x" + vendor + "\n");
        sysfs_.write(device + "/device", "0x" + number + "\n");
        sysfs_.write(device + "/modalias", "pci:v0000" + vendor + "d0000" + number + "\n");
    }
    void add_class_device(const std::string& directory,
                          const std::string& subsystem,
                          const std::string& name,
                          int major,
                          int minor) {
        sysfs_.write(directory + "/uevent",
                     "MAJOR=" + std::to_string(major) + "\nMINOR=" + std::to_string(minor) +
                         "\nDEVNAME=" + name + "\n");
        link(directory + "/subsystem", fs::path("/sys/class") / subsystem);
    }
    [[nodiscard]] std::vector<ContainerNode> nodes_of(const std::vector<HostDevice>& devices) {
        return nodes_of_host_devices(devices, soon(), sysfs_.path());
    }

    test::TemporaryDirectory sysfs_;
};

TEST_F(GuestPciTest, ADeviceIsFoundOnWhicheverBusTheKernelHasPutIt) {
    EXPECT_EQ(find_pci_device("02.1/00.0", sysfs_.path()), sysfs_ / kDisk);
    EXPECT_EQ(find_pci_device("02.0/00.0/1f.0/00.0", sysfs_.path()), sysfs_ / kBehindSwitch);
    EXPECT_EQ(find_pci_device("01.0", sysfs_.path()), sysfs_ / kRoot / "0000:00:01.0");
    for (const char* path :
         {"", "03.0", "02.1/00.2", "02.1/00.0/00.0", "1.0", "02.1//00.0", ".."}) {
        EXPECT_EQ(find_pci_device(path, sysfs_.path()), std::nullopt) << path;
    }
}

TEST_F(GuestPciTest, ADeviceThatDoesNotComeIsNamedAtTheDeadline) {
    expect_error([&] { static_cast<void>(await_pci_device("09.0/00.0", soon(), sysfs_.path())); },
                 ErrorCode::not_found,
                 "no PCI device at \"09.0/00.0\"");
}

TEST_F(GuestPciTest, ADiskIsFoundBehindItsDevice) {
    EXPECT_EQ(await_pci_block_device("02.1/00.0", soon(), sysfs_.path()),
              (BlockDevice{"vda", 254, 0}));
    expect_error(
        [&] { static_cast<void>(await_pci_block_device("02.2/00.0", soon(), sysfs_.path())); },
        ErrorCode::not_found,
        "no disk behind its PCI device 10de:1eb8");
}

TEST_F(GuestPciTest, TheNodesOfADeviceAreAllThatDriversMakeOfIt) {
    EXPECT_THAT(
        nodes_of_device(sysfs_ / kDisk),
        ElementsAre(DriverNode{"/dev/vda", true, 254, 0}, DriverNode{"/dev/vda1", true, 254, 1}));
    EXPECT_THAT(nodes_of_device(sysfs_ / kCard),
                ElementsAre(DriverNode{"/dev/dri/card0", false, 226, 0},
                            DriverNode{"/dev/dri/renderD128", false, 226, 128}));
    EXPECT_THAT(nodes_of_device(sysfs_ / kBehindSwitch), IsEmpty());
}

TEST_F(GuestPciTest, AContainerGetsThemWithTheAccessThatTheEngineGave) {
    const auto nodes = nodes_of({{"02.2/00.0", "vfio-12", "rw"}});
    const json spec =
        json::parse(with_nodes(R"({"linux": {"devices": [{"path": "/dev/x"}]}})", nodes));
    ASSERT_EQ(spec["linux"]["devices"].size(), 3U);
    EXPECT_EQ(spec["linux"]["devices"][1],
              json::parse(R"({"path": "/dev/dri/card0", "type": "c", "major": 226, "minor": 0})"));
    EXPECT_EQ(spec["linux"]["resources"]["devices"][1],
              json::parse(R"({"allow": true, "type": "c", "major": 226, "minor": 128,
                              "access": "rw"})"));
    EXPECT_EQ(with_nodes("not JSON", {}), "not JSON") << "nothing to do";
    expect_error([&] { static_cast<void>(with_nodes("{}", nodes)); },
                 ErrorCode::invalid_argument,
                 "cannot read the container's devices");
}

TEST_F(GuestPciTest, AGroupWithoutAnyDriverIsAnErrorThatNamesTheModulesAlias) {
    expect_error(
        [&] {
            static_cast<void>(nodes_of({{"02.0/00.0/1f.0/00.0", "vfio-9", "rwm"}}));
        },
        ErrorCode::unsupported,
        "no driver for 8086:10ed (modalias pci:v00008086d000010ed); name its module in "
        "kernel_modules");
}

TEST_F(GuestPciTest, OneDeviceOfAGroupWithADriverIsEnough) {
    EXPECT_EQ(
        nodes_of({{"02.0/00.0/1f.0/00.0", "vfio-9", "rwm"}, {"02.2/00.0", "vfio-9", "rwm"}}).size(),
        2U);
    expect_error(
        [&] {
            static_cast<void>(nodes_of(
                {{"02.0/00.0/1f.0/00.0", "vfio-9", "rwm"}, {"02.2/00.0", "vfio-12", "rwm"}}));
        },
        ErrorCode::unsupported,
        "8086:10ed");
}

}  // namespace
}  // namespace kata::agent::guest
