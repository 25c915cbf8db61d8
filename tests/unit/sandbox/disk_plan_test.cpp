#include "pkg/sandbox/disk_plan.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/devices.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::expect_error;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

oci::Device block_node(const std::string& path, int major, int minor) {
    oci::Device device;
    device.path = path;
    device.type = "b";
    device.major = major;
    device.minor = minor;
    return device;
}

oci::DeviceRule rule(const std::string& access, int major, int minor) {
    oci::DeviceRule made;
    made.allow = true;
    made.type = "b";
    made.major = major;
    made.minor = minor;
    made.access = access;
    return made;
}

oci::DeviceRule rule_for_all() {
    oci::DeviceRule made;
    made.allow = true;
    made.access = "rwm";
    return made;
}

class DiskPlanTest : public testing::Test {
  protected:
    DiskPlanTest() {
        spec_.linux_.emplace();
        host_ = {directory_ / "proc", directory_ / "sys"};
        add_device("7:0", 2048);
        add_device("8:0", 4096);
    }

    void add_device(const std::string& numbers, int sectors, bool read_only = false) {
        directory_.write("sys/dev/block/" + numbers + "/size", std::to_string(sectors) + "\n");
        directory_.write("sys/dev/block/" + numbers + "/ro", read_only ? "1\n" : "0\n");
    }

    DiskPlan plan(const FindVolume& find = [](const oci::Mount&) {
        return std::optional<VolumeOnDisk>();
    }) {
        return plan_disks(spec_, DiskDriver::virtio_blk, find, host_);
    }

    oci::Mount& add_mount(const std::string& type, std::vector<std::string> options) {
        directory_.write("image", std::string(4096, '\0'));
        oci::Mount mount;
        mount.destination = "/data";
        mount.type = type;
        mount.source = directory_ / "image";
        mount.options = std::move(options);
        spec_.mounts.push_back(mount);
        return spec_.mounts.back();
    }

    TemporaryDirectory directory_;
    HostView host_;
    oci::Spec spec_;
};

TEST_F(DiskPlanTest, HasTheNodesThatARuleAllowsByTheirNumbers) {
    spec_.linux_->devices = {block_node("/dev/given", 7, 0), block_node("/dev/other", 8, 0)};
    spec_.linux_->resources.devices = {rule("r", 7, 0), rule("rwm", 7, 0)};
    const DiskPlan made = plan();
    ASSERT_EQ(made.disks.size(), 1U);
    EXPECT_FALSE(made.disks[0].read_only);
    ASSERT_EQ(made.guest.nodes.size(), 1U);
    EXPECT_EQ(made.guest.nodes[0].container_path, "/dev/given");
    EXPECT_EQ(made.guest.nodes[0].access, "rwm");
    EXPECT_EQ(made.guest.nodes[0].serial, made.disks[0].serial);
    EXPECT_LE(made.disks[0].serial.size(), kMaxDiskSerial);
}

TEST_F(DiskPlanTest, HasNoneOfTheHundredsOfNodesOfAPrivilegedContainer) {
    for (int minor = 0; minor < 300; ++minor) {
        spec_.linux_->devices.push_back(block_node("/dev/sd", 8, minor));
    }
    spec_.linux_->resources.devices = {rule_for_all()};
    EXPECT_THAT(plan().disks, IsEmpty());
    EXPECT_THAT(warnings_of_devices(spec_), ElementsAre(HasSubstr("300 devices")));
    // ... but the one that was given on top.
    spec_.linux_->resources.devices.push_back(rule("rwm", 8, 0));
    EXPECT_EQ(plan().disks.size(), 1U);
}

TEST_F(DiskPlanTest, MakesADiskReadOnlyThatMayNotOrCannotBeWritten) {
    add_device("7:1", 8, true);
    spec_.linux_->devices = {block_node("/dev/a", 7, 0), block_node("/dev/b", 7, 1)};
    spec_.linux_->resources.devices = {rule("rm", 7, 0), rule("rwm", 7, 1)};
    const DiskPlan made = plan();
    ASSERT_EQ(made.disks.size(), 2U);
    EXPECT_TRUE(made.disks[0].read_only);
    EXPECT_TRUE(made.disks[1].read_only);
}

TEST_F(DiskPlanTest, HasADiskOnceThatIsGivenTwice) {
    spec_.linux_->devices = {block_node("/dev/a", 7, 0), block_node("/dev/b", 7, 0)};
    spec_.linux_->resources.devices = {rule("rwm", 7, 0)};
    const DiskPlan made = plan();
    EXPECT_EQ(made.disks.size(), 1U);
    EXPECT_EQ(made.guest.nodes.size(), 2U);
}

TEST_F(DiskPlanTest, LeavesANodeOutThatTheHostHasNoDeviceFor) {
    spec_.linux_->devices = {block_node("/dev/given", 99, 1)};
    spec_.linux_->resources.devices = {rule("rwm", 99, 1)};
    EXPECT_THAT(plan().disks, IsEmpty());
    EXPECT_THAT(warnings_of_devices(spec_), ElementsAre(HasSubstr("\"/dev/given\"")));
}

TEST_F(DiskPlanTest, MountsAFileThatTheMountSaysIsADisk) {
    add_mount("ext4", {kBlockDeviceOption, "noatime", "rw", "rprivate"});
    const DiskPlan made = plan();
    ASSERT_EQ(made.guest.storages.size(), 1U);
    const GuestDiskStorage& storage = made.guest.storages[0];
    EXPECT_EQ(storage.fs_type, "ext4");
    EXPECT_THAT(storage.options, ElementsAre("noatime"));
    EXPECT_EQ(storage.mount_point, std::string(kGuestStorageDir) + "/" + storage.serial);
    EXPECT_EQ(made.mounts.at(0).guest_source, storage.mount_point);
    EXPECT_THAT(made.mounts.at(0).options, ElementsAre("rbind", "rw"));
    EXPECT_FALSE(made.disks[0].source.is_block_device);
}

TEST_F(DiskPlanTest, NeverTakesABindMountForADisk) {
    add_mount("bind", {"rbind"});
    EXPECT_THAT(plan().disks, IsEmpty());
    spec_.mounts[0].options.emplace_back(kBlockDeviceOption);
    expect_error([&] { static_cast<void>(plan()); }, ErrorCode::invalid_argument, "\"/data\"");
}

TEST_F(DiskPlanTest, RefusesADirectoryForADisk) {
    add_mount("ext4", {kBlockDeviceOption}).source = directory_.path();
    expect_error(
        [&] { static_cast<void>(plan()); }, ErrorCode::invalid_argument, "neither a block device");
}

TEST_F(DiskPlanTest, TakesAReadOnlyVolumeFromItsDisk) {
    add_mount("bind", {"rbind", "ro"});
    VolumeOnDisk volume;
    volume.device = directory_ / "image";
    volume.fs_type = "xfs";
    volume.options = {"ro"};
    volume.group = 7;
    volume.volume = "/vol";
    volume.claim = "/claims/vol";
    volume.pending_size = 4096;
    const DiskPlan made = plan([&](const oci::Mount&) { return std::optional(volume); });
    EXPECT_TRUE(made.disks.at(0).read_only);
    EXPECT_EQ(made.disks[0].pending_size, 0U) << "what is only read cannot grow";
    EXPECT_EQ(made.disks[0].claim, "/claims/vol");
    EXPECT_EQ(made.guest.storages.at(0).group, std::optional<gid_t>(7));
    EXPECT_THAT(made.guest.storages[0].options, ElementsAre("ro"));
    EXPECT_THAT(made.mounts.at(0).options, ElementsAre("rbind", "ro"));
}

TEST_F(DiskPlanTest, TakesAVolumeOnHardwareForNoDiskOfOurs) {
    add_mount("bind", {"rbind", "rw"});
    VolumeOnDisk volume;
    volume.hardware = IommuPlace{12, "0000:45:00.1"};
    volume.fs_type = "ext4";
    volume.options = {"noatime"};
    volume.volume = "/vol";
    volume.claim = "/claims/vol";
    const DiskPlan made = plan([&](const oci::Mount&) { return std::optional(volume); });
    EXPECT_THAT(made.disks, testing::IsEmpty());
    ASSERT_EQ(made.hardware.size(), 1U);
    EXPECT_EQ(made.hardware[0].iommu_group, 12U);
    EXPECT_EQ(made.hardware[0].volume, "/vol");
    EXPECT_EQ(made.hardware[0].claim, "/claims/vol");
    ASSERT_EQ(made.guest.storages.size(), 1U);
    EXPECT_TRUE(made.guest.storages[0].is_hardware);
    EXPECT_EQ(made.guest.storages[0].fs_type, "ext4");
    EXPECT_THAT(made.guest.storages[0].options, ElementsAre("noatime"));
    EXPECT_THAT(disks_without_serial(made), ElementsAre("vfio-0000-45-00-1"));
    EXPECT_EQ(made.mounts.at(0).guest_source, made.guest.storages[0].mount_point);
}

TEST_F(DiskPlanTest, RefusesADeviceToBeWrittenThatTheHostHasMounted) {
    spec_.linux_->devices = {block_node("/dev/given", 7, 0)};
    spec_.linux_->resources.devices = {rule("rwm", 7, 0)};
    directory_.write("proc/self/mountinfo", "36 35 8:0 / /a rw - ext4 /dev/sda rw\n");
    EXPECT_THAT(plan().disks, SizeIs(1));
    directory_.write("proc/self/mountinfo", "36 35 7:0 / /mnt rw - ext4 /dev/loop0 rw\n");
    expect_error([&] { return plan(); },
                 ErrorCode::invalid_state,
                 "\"/dev/given\" to a virtual machine: on this host it is mounted on /mnt");
}

TEST_F(DiskPlanTest, WarnsOfADeviceToBeReadThatTheHostHasMounted) {
    add_device("7:1", 8, true);
    spec_.linux_->devices = {block_node("/dev/given", 7, 0), block_node("/dev/fixed", 7, 1)};
    spec_.linux_->resources.devices = {rule("r", 7, 0), rule("rwm", 7, 1)};
    directory_.write("proc/self/mountinfo",
                     "36 35 7:0 / /mnt rw - ext4 /dev/loop0 rw\n"
                     "37 35 7:1 / /fixed ro - ext4 /dev/loop1 ro\n");
    const DiskPlan made = plan();
    EXPECT_THAT(made.disks, SizeIs(2));
    EXPECT_THAT(made.warnings,
                ElementsAre(HasSubstr("\"/dev/given\" changes under the guest"),
                            HasSubstr("\"/dev/fixed\"")));
}

TEST_F(DiskPlanTest, MakesAFileSystemOnlyOnWhatMayBeWritten) {
    add_mount("bind", {"rbind"});
    VolumeOnDisk volume;
    volume.device = directory_ / "image";
    volume.fs_type = "xfs";
    const FindVolume find = [&](const oci::Mount&) { return std::optional(volume); };
    EXPECT_EQ(plan(find).disks.at(0).make_fs_type, "");
    volume.make_file_system = true;
    EXPECT_EQ(plan(find).disks.at(0).make_fs_type, "xfs");
    volume.options = {"ro"};
    EXPECT_EQ(plan(find).disks.at(0).make_fs_type, "");
}

TEST_F(DiskPlanTest, NoticesAFileThatWasReplaced) {
    directory_.write("image", "1");
    const DiskSource source = disk_source(directory_ / "image");
    static_cast<void>(open_source(source));
    directory_.write("other", "2");
    std::filesystem::rename(directory_ / "other", directory_ / "image");
    expect_error(
        [&] { static_cast<void>(open_source(source)); }, ErrorCode::invalid_state, "replaced");
}

}  // namespace
}  // namespace kata::sandbox
