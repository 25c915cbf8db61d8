// Direct volumes and given devices as a container's disks: what the configuration and the volume's
// own description allow.
#include "pkg/sandbox/container_disks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/vfio_host.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::expect_error;
using testing::IsEmpty;

constexpr const char* kVolume = "/volumes/data";

class ContainerDisks : public testing::Test {
  protected:
    void add_volume(const MountInfo& info) {
        store_.add(kVolume, info);
        oci::Mount mount;
        mount.destination = "/data";
        mount.type = "bind";
        mount.source = kVolume;
        mount.options = {"rbind", "rw"};
        spec_.mounts.push_back(mount);
    }
    [[nodiscard]] MountInfo image(const std::string& fs_type) const {
        directory_.write("image", std::string(4096, '\0'));
        MountInfo info;
        info.device = directory_ / "image";
        info.fstype = fs_type;
        return info;
    }
    [[nodiscard]] static MountInfo hardware() {
        MountInfo info;
        info.volume_type = "vfiovol";
        info.device = "45:00.1";
        info.fstype = "xfs";
        return info;
    }
    DiskPlan plan() { return plan_container_disks(spec_, config_, store_, "sandbox"); }
    void expect_refused(ErrorCode code, const std::string& words) {
        expect_error([&] { static_cast<void>(plan()); }, code, words);
    }

    test::VfioHost host_;
    test::TemporaryDirectory directory_;
    DirectVolumeStore store_{directory_ / "volumes", directory_ / "sbs", host_.view()};
    oci::Spec spec_;
    RuntimeConfig config_;
};

TEST_F(ContainerDisks, HaveADirectVolumeWithTheFileThatClaimsIt) {
    add_volume(image("ext4"));
    const DiskPlan made = plan();
    ASSERT_EQ(made.disks.size(), 1U);
    EXPECT_EQ(made.disks[0].volume, kVolume);
    EXPECT_EQ(made.disks[0].claim, store_.get(kVolume).directory / "sandbox");
    EXPECT_EQ(made.guest.storages.at(0).fs_type, "ext4");
}

TEST_F(ContainerDisks, NeedAVolumesFileSystemType) {
    add_volume(image(""));
    expect_refused(ErrorCode::invalid_argument,
                   "direct volume \"/volumes/data\": its mount-info has no fstype");
}

TEST_F(ContainerDisks, HaveAVolumeOnHardwareByTheDeviceOfItsAddress) {
    add_volume(hardware());
    const DiskPlan made = plan();
    EXPECT_THAT(made.disks, IsEmpty());
    ASSERT_EQ(made.hardware.size(), 1U);
    EXPECT_EQ(made.hardware[0].iommu_group, 12U);
    EXPECT_EQ(made.guest.storages.at(0).serial, "vfio-0000-45-00-1");
}

TEST_F(ContainerDisks, GetNoFileSystemMadeOnWhatIsNoDiskOfOurs) {
    MountInfo info = hardware();
    info.metadata["createFilesystem"] = "true";
    add_volume(info);
    expect_refused(ErrorCode::unsupported,
                   "a file system can be made on block devices and files only, not for "
                   "\"vfiovol\"");
}

TEST_F(ContainerDisks, OfVolumesAreRefusedWhereTheConfigurationAllowsNone) {
    config_.disable_block_device_use = true;
    add_volume(image("ext4"));
    expect_refused(ErrorCode::unsupported,
                   "cannot mount \"/data\": it is on a disk, and disable_block_device_use");
}

TEST_F(ContainerDisks, AreNoneForAContainerThatAsksForNone) {
    config_.disable_block_device_use = true;
    EXPECT_THAT(plan().disks, IsEmpty());
    EXPECT_THAT(plan().hardware, IsEmpty());
}

}  // namespace
}  // namespace kata::sandbox
