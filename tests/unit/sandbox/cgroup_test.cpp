#include "pkg/sandbox/cgroup.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

// Recorded on a host with the hybrid layout.
constexpr const char* kHybridCgroup =
    "5:devices:/x\n4:memory:/x\n3:cpuset:/\n2:cpu,cpuacct:/x\n1:name=systemd:/user.slice\n0::/y\n";
constexpr const char* kHybridMounts =
    "25 1 0:23 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "26 25 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "27 25 0:25 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "28 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "29 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "30 25 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "31 25 0:29 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";

TEST(CgroupHierarchies, OfAHybridHostAreTheNamedOnesWithoutDevices) {
    const std::vector<CgroupHierarchy> expected{
        {"/sys/fs/cgroup/memory", "/x", false},
        {"/sys/fs/cgroup/cpuset", "/", true},
        {"/sys/fs/cgroup/cpu,cpuacct", "/x", false},
        {"/sys/fs/cgroup/systemd", "/user.slice", false},
    };
    EXPECT_EQ(cgroup_hierarchies(kHybridCgroup, kHybridMounts), expected);
}

TEST(CgroupHierarchies, OfAUnifiedHostAreTheOne) {
    const std::vector<CgroupHierarchy> expected{
        {"/sys/fs/cgroup", "/system.slice/docker.service", false}};
    EXPECT_EQ(cgroup_hierarchies("0::/system.slice/docker.service\n",
                                 "26 25 0:24 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n"),
              expected);
}

TEST(CgroupHierarchies, LeaveOutWhatIsNotMounted) {
    EXPECT_TRUE(cgroup_hierarchies("4:memory:/x\n", "").empty());
}

TEST(CgroupHierarchies, DoNotMistakeABindOfAPartForAHierarchy) {
    EXPECT_TRUE(cgroup_hierarchies("4:memory:/x\n",
                                   "28 25 0:26 /docker /somewhere rw - cgroup cgroup rw,memory\n")
                    .empty());
}

TEST(CgroupPath, IsTheIdWhenTheSpecHasNone) {
    EXPECT_EQ(cgroup_path("", oci::ContainerId("c1")), "c1");
}

TEST(CgroupPath, IsAsWrittenForCgroupfs) {
    EXPECT_EQ(cgroup_path("/docker/abc", oci::ContainerId("abc")), "/docker/abc");
}

TEST(CgroupPath, IsWhereSystemdWouldPutAScope) {
    EXPECT_EQ(cgroup_path("machine.slice:libpod:abc", oci::ContainerId("abc")),
              "/machine.slice/libpod-abc.scope");
    EXPECT_EQ(cgroup_path("a-b.slice:docker:abc", oci::ContainerId("abc")),
              "/a.slice/a-b.slice/docker-abc.scope");
    EXPECT_EQ(cgroup_path(":docker:abc", oci::ContainerId("abc")),
              "/system.slice/docker-abc.scope");
}

TEST(RemoveCgroup, DoesNotMindAMissingDirectory) {
    EXPECT_NO_THROW(remove_cgroup("/sys/fs/cgroup/kata-unit-test-that-is-not-there"));
}

}  // namespace
}  // namespace kata::sandbox
