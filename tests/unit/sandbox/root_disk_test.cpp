#include "pkg/sandbox/root_disk.h"

#include <sys/mount.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/lent_rootfs.h"
#include "pkg/sandbox/undo.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/volumes/fake_host.h"

namespace kata::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As Linux 6.1 shows the root of a container of containerd's devmapper snapshotter.
constexpr const char* kDevmapper =
    "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
    "512 24 253:3 / /run/task/c1/rootfs rw,nosuid,relatime shared:210 - ext4 "
    "/dev/mapper/pool-snap-7 rw,stripe=16\n";

class RootDiskTest : public testing::Test {
  protected:
    RootDiskTest() {
        bundle_.path = "/run/task/c1";
        bundle_.rootfs = "/run/task/c1/rootfs";
        bundle_.spec.root.emplace();
        host_.disk("vda1", "254:0");
        host_.disk("dm-3", "253:3");
        mounts(kDevmapper);
    }

    void mounts(const std::string& table) const { host_.write("proc/self/mountinfo", table); }

    /// What the only line of a root says, with a host's root around it.
    void root(const std::string& number,
              const std::string& directory,
              const std::string& rest) const {
        mounts("24 1 254:0 / / rw - ext4 /dev/vda1 rw\n512 24 " + number + " " + directory +
               " /run/task/c1/rootfs rw,relatime - " + rest + "\n");
    }

    std::optional<RootDisk> find() {
        why_not_.clear();
        return find_root_disk(bundle_, why_not_, host_.view());
    }

    test::FakeHost host_;
    oci::Bundle bundle_;
    std::string why_not_;
};

TEST_F(RootDiskTest, IsTheDeviceThatIsMountedAtTheRootItself) {
    const auto root = find();
    ASSERT_TRUE(root.has_value()) << why_not_;
    EXPECT_EQ(root->source.path, "/dev/mapper/pool-snap-7");
    EXPECT_EQ(root->source.major, 253U);
    EXPECT_EQ(root->source.minor, 3U);
    EXPECT_FALSE(root->source.read_only);
}

TEST_F(RootDiskTest, IsNoDirectoryOfTheHostsFileSystem) {
    bundle_.rootfs = "/srv/rootfs";
    EXPECT_FALSE(find().has_value());
    EXPECT_EQ(why_not_, "");
    // Below the mount is not the mount.
    bundle_.rootfs = "/run/task/c1/rootfs/rootfs";
    EXPECT_FALSE(find().has_value());
}

TEST_F(RootDiskTest, IsNoBindOfADirectory) {
    root("253:3", "/images/a", "ext4 /dev/mapper/pool rw");
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("a directory of a file system"));
}

TEST_F(RootDiskTest, IsNeitherOverlayNorAFileSystemThatTheGuestDoesNotKnow) {
    root("0:47", "/", "overlay overlay rw,lowerdir=/a");
    EXPECT_FALSE(find().has_value());
    root("253:3", "/", "vfat /dev/dm-3 rw");
    EXPECT_FALSE(find().has_value());
    EXPECT_EQ(why_not_, "");
}

TEST_F(RootDiskTest, IsNoDeviceThatTheKernelDoesNotList) {
    root("7:77", "/", "ext4 /dev/loop77 rw");
    EXPECT_FALSE(find().has_value());
}

TEST_F(RootDiskTest, StaysWhereItIsMountedAnywhereElse) {
    mounts(std::string(kDevmapper) + "600 24 253:3 / /mnt rw - ext4 /dev/mapper/pool-snap-7 rw\n");
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("\"/mnt\", too"));
}

TEST_F(RootDiskTest, StaysWithWhatIsMountedInIt) {
    mounts(std::string(kDevmapper) +
           "600 512 0:30 / /run/task/c1/rootfs/data rw - tmpfs tmpfs rw\n");
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("\"/run/task/c1/rootfs/data\" is mounted there"));
}

TEST_F(RootDiskTest, StaysForHooksThatMayLookForFiles) {
    bundle_.spec.hooks.start_container.emplace_back();
    EXPECT_TRUE(find().has_value()) << "this one runs in the guest";
    bundle_.spec.hooks.create_runtime.emplace_back();
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("hooks"));
}

TEST_F(RootDiskTest, StaysForAMountFromIt) {
    oci::Mount mount;
    mount.type = "bind";
    mount.source = "/run/task/c1/rootfs/../rootfs/etc";
    bundle_.spec.mounts.push_back(mount);
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("has its source there"));
    bundle_.spec.mounts[0].source = "rootfs";
    EXPECT_FALSE(find().has_value()) << "relative to the bundle";
    bundle_.spec.mounts[0].type = "tmpfs";
    EXPECT_TRUE(find().has_value());
}

TEST_F(RootDiskTest, IsReadOnlyIfSpecMountFileSystemOrDeviceIs) {
    const auto is_read_only = [&] { return find().value().source.read_only; };
    bundle_.spec.root->readonly = true;
    EXPECT_TRUE(is_read_only());
    bundle_.spec.root->readonly = false;
    root("253:3", "/", "ext4 /dev/dm-3 ro");
    EXPECT_TRUE(is_read_only());
    mounts("512 24 253:3 / /run/task/c1/rootfs ro,relatime - ext4 /dev/dm-3 rw\n");
    EXPECT_TRUE(is_read_only());
    mounts(kDevmapper);
    EXPECT_FALSE(is_read_only());
    host_.write("sys/devices/dm-3/ro", "1\n");
    EXPECT_TRUE(is_read_only());
}

TEST_F(RootDiskTest, OfBtrfsIsKnownByItsSourceAndHasOneDevice) {
    host_.write("sys/fs/btrfs/u/devices/dm-3/dev", "253:3\n");
    root("0:52", "/", "btrfs /dev/dm-3 rw,subvolid=5,subvol=/");
    const auto found = find();
    ASSERT_TRUE(found.has_value()) << why_not_;
    EXPECT_EQ(found->source.minor, 3U);
    root("0:52", "/@", "btrfs /dev/dm-3 rw,subvolid=256,subvol=/@");
    EXPECT_FALSE(find().has_value());
    root("0:52", "/", "btrfs /dev/dm-3 rw,subvolid=5,subvol=/");
    host_.write("sys/fs/btrfs/u/devices/sdb/dev", "8:16\n");
    EXPECT_FALSE(find().has_value());
    EXPECT_THAT(why_not_, HasSubstr("several devices"));
}

TEST_F(RootDiskTest, BecomesTheRootOfThePlan) {
    DiskPlan plan;
    add_root_disk(plan, find().value(), DiskDriver::virtio_scsi);
    ASSERT_EQ(plan.disks.size(), 1U);
    EXPECT_TRUE(plan.disks[0].source.is_block_device);
    EXPECT_EQ(plan.disks[0].source.major, 253U);
    ASSERT_EQ(plan.guest.storages.size(), 1U);
    EXPECT_EQ(plan.guest.storages[0].serial, plan.disks[0].serial);
    EXPECT_EQ(plan.guest.storages[0].mount_point, plan.root);
    EXPECT_THAT(plan.guest.storages[0].options, ElementsAre("nosuid"));
}

TEST_F(RootDiskTest, OfXfsMayHaveTheUuidOfAnother) {
    root("253:3", "/", "xfs /dev/dm-3 ro,attr2");
    DiskPlan plan;
    add_root_disk(plan, find().value(), DiskDriver::virtio_blk);
    EXPECT_TRUE(plan.disks.at(0).read_only);
    EXPECT_THAT(plan.guest.storages.at(0).options, ElementsAre("nouuid", "ro"));
}

TEST(LentRootfs, IsMountedAgainAsItWas) {
    const auto table = base::parse_mount_table(
        "1 2 7:0 / /a\\040b ro,nosuid,relatime shared:3 - ext4 /dev/loop0 "
        "rw,seclabel,errors=remount-ro,stripe=16\n");
    ASSERT_EQ(table.size(), 1U);
    EXPECT_EQ(table[0].mount_point, "/a b");
    EXPECT_EQ(mount_flags_of(table[0]),
              static_cast<unsigned long>(MS_RDONLY | MS_NOSUID | MS_RELATIME));
    EXPECT_EQ(mount_data_of(table[0]), "errors=remount-ro,stripe=16");
}

TEST(LentRootfs, SurvivesTheJournal) {
    const LentRootfs lent{
        "/dev/loop0", 7, 5, "kata1", "/a b", "ext4", MS_NOSUID, "x=1", true, true};
    EXPECT_EQ(to_text(parse_lent_rootfs(to_text(lent))), to_text(lent));
    EXPECT_EQ(parse_lent_rootfs(to_text(lent)).mount_point, "/a b");
    EXPECT_EQ(parse_lent_rootfs(to_text(lent)).minor, 5U);
    test::expect_error(
        [] { return parse_lent_rootfs("{}"); }, base::ErrorCode::internal, "cannot read");
}

// Nobody mounts another device that has come to the same path.
TEST(LentRootfs, OfADeviceThatIsGoneIsLeftAlone) {
    const test::TemporaryDirectory directory;
    const LentRootfs lent{
        "/dev/null", 7, 5, "kata1", directory.path(), "tmpfs", 0, "", false, false};
    take_rootfs_back(lent, /*mount_again=*/true);
    EXPECT_THAT(mount_table(),
                testing::Not(testing::Contains(
                    testing::Field(&base::MountEntry::mount_point, directory.path()))));
}

}  // namespace
}  // namespace kata::sandbox
