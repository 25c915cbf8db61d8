#include "pkg/sandbox/mount_plan.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/kernel_mounts.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using test::failure_of;
using Kind = PlannedMount::Kind;

class MountPlanTest : public ::testing::Test {
  protected:
    MountPlanTest() {
        bundle_.path = directory_.path();
        bundle_.rootfs = directory_.path() / "rootfs";
        base::make_directories(bundle_.rootfs);
    }
    void add(const std::string& destination,
             const std::string& type,
             const std::string& source,
             const std::vector<std::string>& options = {}) {
        oci::Mount mount;
        mount.destination = destination;
        mount.type = type;
        mount.source = source;
        mount.options = options;
        bundle_.spec.mounts.push_back(mount);
    }
    std::string file(const std::string& name) {
        const auto path = directory_.path() / name;
        base::write_file_atomically(path, "x");
        return path.native();
    }

    test::TemporaryDirectory directory_;
    oci::Bundle bundle_;
};

TEST_F(MountPlanTest, SharesBindsAndLeavesTheRestToTheGuest) {
    add("/proc", "proc", "proc");
    add("/data", "bind", file("data"), {"bind", "ro"});
    add("/etc", "", directory_.path().native(), {"rbind"});
    const MountPlan plan = plan_mounts(bundle_, "c1");
    ASSERT_EQ(plan.mounts.size(), 3U);
    EXPECT_EQ(plan.mounts[0].kind, Kind::guest);
    EXPECT_EQ(plan.mounts[1].kind, Kind::shared);
    EXPECT_TRUE(plan.mounts[1].source_is_file);
    EXPECT_TRUE(plan.mounts[1].source.read_only);
    EXPECT_FALSE(plan.mounts[1].source.recursive);
    EXPECT_EQ(plan.mounts[1].share_path, "c1/volumes/1");
    EXPECT_EQ(plan.mounts[2].kind, Kind::shared);
    EXPECT_FALSE(plan.mounts[2].source_is_file);
    EXPECT_TRUE(plan.mounts[2].source.recursive);
}

TEST_F(MountPlanTest, TakesARelativeSourceFromTheBundle) {
    file("data");
    add("/data", "bind", "data");
    EXPECT_EQ(plan_mounts(bundle_, "c1").mounts[0].source.path, directory_.path() / "data");
}

TEST_F(MountPlanTest, RefusesAMissingSourceNamingIt) {
    add("/data", "bind", "/no/such/source");
    const auto error = failure_of([&] { return plan_mounts(bundle_, "c1"); });
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_THAT(error.what(), testing::HasSubstr("/no/such/source"));
    EXPECT_THAT(error.what(), testing::HasSubstr("/data"));
}

TEST_F(MountPlanTest, LooksThroughASymlinkIntoTheKernelsFiles) {
    const auto link = directory_.path() / "innocent";
    ASSERT_EQ(::symlink("/proc/sys", link.c_str()), 0);
    add("/data", "bind", link.native());
    EXPECT_EQ(plan_mounts(bundle_, "c1").mounts[0].kind, Kind::guest_bind);
}

TEST_F(MountPlanTest, TurnsSharedMemoryIntoTheGuestsOwn) {
    add("/dev/shm", "bind", directory_.path().native());
    const PlannedMount planned = plan_mounts(bundle_, "c1").mounts[0];
    EXPECT_EQ(planned.kind, Kind::shared_memory);
    EXPECT_GT(planned.size_bytes, 0U);
}

TEST_F(MountPlanTest, WarnsOfAFifo) {
    const auto fifo = directory_.path() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    add("/fifo", "bind", fifo.native());
    const MountPlan plan = plan_mounts(bundle_, "c1");
    ASSERT_EQ(plan.warnings.size(), 1U);
    EXPECT_NE(plan.warnings[0].find("/fifo"), std::string::npos);
}

TEST_F(MountPlanTest, ShowsTheShimBindsProcAndTmpfs) {
    add("/proc", "proc", "proc");
    add("/sys", "sysfs", "sysfs");
    add("/tmp", "tmpfs", "tmpfs");
    add("/data", "bind", file("data"), {"ro"});
    bundle_.spec.root = oci::Root{"rootfs", true};
    const ShimMountRequest request = shim_mounts(bundle_, plan_mounts(bundle_, "c1"));
    EXPECT_TRUE(request.read_only_root);
    EXPECT_EQ(request.rootfs, bundle_.rootfs.native());
    ASSERT_EQ(request.mounts.size(), 3U);
    EXPECT_EQ(request.mounts[0].type, "proc");
    EXPECT_EQ(request.mounts[1].type, "tmpfs");
    EXPECT_EQ(request.mounts[2].destination, "/data");
    EXPECT_TRUE(request.mounts[2].read_only);
}

TEST_F(MountPlanTest, NeedsNoMountPointInsideAnotherMount) {
    add("/dev", "tmpfs", "tmpfs");
    add("/dev/pts", "devpts", "devpts");
    add("/data", "bind", file("data"));
    const auto points = missing_mount_points(bundle_.spec, plan_mounts(bundle_, "c1"));
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].destination, "/dev");
    EXPECT_FALSE(points[0].as_file);
    EXPECT_EQ(points[1].destination, "/data");
    EXPECT_TRUE(points[1].as_file);
}

TEST_F(MountPlanTest, FollowsTheHostUnlessTheMountIsPrivate) {
    add("/a", "bind", file("a"), {"bind", "rslave"});
    add("/b", "bind", file("a"), {"bind"});
    add("/c", "bind", file("a"), {"bind", "rprivate"});
    const auto mounts = plan_mounts(bundle_, "c1").mounts;
    EXPECT_TRUE(mounts[0].source.follows_host);
    EXPECT_TRUE(mounts[1].source.follows_host);
    EXPECT_FALSE(mounts[2].source.follows_host);
}

TEST_F(MountPlanTest, SharesMemoryBetweenEqualDirectoriesOnly) {
    const auto other = directory_.path() / "other";
    base::make_directories(other);
    add("/dev/shm", "bind", directory_.path().native());
    add("dev/shm/", "bind", directory_.path().native());
    add("/dev/shm", "bind", other.native());
    const auto mounts = plan_mounts(bundle_, "c1").mounts;
    EXPECT_EQ(mounts[0].memory_key, mounts[1].memory_key);
    EXPECT_NE(mounts[0].memory_key, mounts[2].memory_key);
}

TEST_F(MountPlanTest, LetsNothingHideProc) {
    const auto refused = [&](const std::string& destination) {
        bundle_.spec.mounts.clear();
        add(destination, "bind", directory_.path().native());
        return std::string(failure_of([&] { return plan_mounts(bundle_, "c1"); }).what());
    };
    EXPECT_THAT(refused("/proc"), testing::HasSubstr("because it is not of type proc"));
    EXPECT_THAT(refused("/proc/sys"), testing::HasSubstr("because it is inside /proc"));
    EXPECT_THAT(refused("/x/../proc/self"), testing::HasSubstr("because it is inside /proc"));
    bundle_.spec.mounts.clear();
    add("/proc", "bind", "/proc");
    add("/proc/meminfo", "bind", file("meminfo"));
    add("/process", "bind", file("meminfo"));
    EXPECT_NO_THROW(static_cast<void>(plan_mounts(bundle_, "c1")));
}

TEST_F(MountPlanTest, LeavesOutWhatTheHostAloneHas) {
    const auto cgroup = std::filesystem::directory_iterator("/sys/fs/cgroup");
    const auto below = std::find_if(begin(cgroup), end(cgroup), [](const auto& entry) {
        return entry.is_directory() && !entry.is_symlink();
    });
    if (below == end(cgroup)) {
        GTEST_SKIP() << "no cgroup on this host";
    }
    add("/sys/fs/cgroup/x", "bind", below->path().native());
    add("/x", "bind", below->path().native());
    const MountPlan plan = plan_mounts(bundle_, "c1");
    EXPECT_EQ(plan.mounts[0].kind, Kind::left_out);
    EXPECT_EQ(plan.mounts[1].kind, Kind::left_out);
    ASSERT_EQ(plan.warnings.size(), 1U);  // the guest has its own at the usual place
    EXPECT_THAT(plan.warnings[0], testing::HasSubstr("left out"));
    EXPECT_TRUE(shim_mounts(bundle_, plan).mounts.empty());
    EXPECT_TRUE(missing_mount_points(bundle_.spec, plan).empty());
}

TEST(OwnerOfSource, GoesByPlaceAndDeviceNumber) {
    const dev_t null = makedev(1, 3);
    const dev_t disk = makedev(8, 0);
    EXPECT_EQ(owner_of_source("/srv/data", S_IFDIR, 0), SourceOwner::host);
    EXPECT_EQ(owner_of_source("/device", S_IFDIR, 0), SourceOwner::host);
    EXPECT_EQ(owner_of_source("/proc/sys", S_IFDIR, 0), SourceOwner::guest);
    EXPECT_EQ(owner_of_source("/sys/class", S_IFDIR, 0), SourceOwner::guest);
    EXPECT_EQ(owner_of_source("/sys/fs/cgroup", S_IFDIR, 0), SourceOwner::guest);
    EXPECT_EQ(owner_of_source("/sys/fs/cgroup/systemd", S_IFDIR, 0), SourceOwner::nobody);
    EXPECT_EQ(owner_of_source("/dev", S_IFDIR, 0), SourceOwner::guest);
    EXPECT_EQ(owner_of_source("/dev/null", S_IFCHR, null), SourceOwner::guest);
    EXPECT_EQ(owner_of_source("/dev/sda", S_IFBLK, disk), SourceOwner::nobody);
    EXPECT_EQ(owner_of_source("/dev/dri", S_IFDIR, 0), SourceOwner::nobody);
    EXPECT_EQ(owner_of_source("/dev/shm/x", S_IFDIR, 0), SourceOwner::host);
    EXPECT_EQ(owner_of_source("/dev/log", S_IFSOCK, 0), SourceOwner::host);
}

TEST(IsReadOnly, GoesByTheLastWord) {
    oci::Mount mount;
    EXPECT_FALSE(is_read_only(mount));
    mount.options = {"ro"};
    EXPECT_TRUE(is_read_only(mount));
    mount.options = {"ro", "rw"};
    EXPECT_FALSE(is_read_only(mount));
}

}  // namespace
}  // namespace kata::sandbox
