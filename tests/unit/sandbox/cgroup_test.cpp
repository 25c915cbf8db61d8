#include "pkg/sandbox/cgroup.h"

#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/temporary_directory.h"

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
        {"/sys/fs/cgroup/memory", "/x", false, false, true},
        {"/sys/fs/cgroup/cpuset", "/", true},
        {"/sys/fs/cgroup/cpu,cpuacct", "/x", false, true},
        {"/sys/fs/cgroup/systemd", "/user.slice", false},
    };
    EXPECT_EQ(cgroup_hierarchies(kHybridCgroup, kHybridMounts), expected);
}

TEST(CgroupHierarchies, OfAUnifiedHostAreTheOne) {
    const std::vector<CgroupHierarchy> expected{
        {"/sys/fs/cgroup", "/system.slice/docker.service", false, false, true, true}};
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

TEST(LibvirtCgroups, AreTheDirectoriesOfTheVmWhateverIsBelowThem) {
    const std::vector<std::filesystem::path> expected{
        "/sys/fs/cgroup/devices/machine/qemu-1-kata-x.libvirt-qemu",
        "/sys/fs/cgroup/memory/machine/qemu-1-kata-x.libvirt-qemu",
        "/sys/fs/cgroup/cpuset/machine/qemu-1-kata-x.libvirt-qemu",
        "/sys/fs/cgroup/unified/machine/qemu-1-kata-x.libvirt-qemu"};
    EXPECT_EQ(libvirt_cgroups("5:devices:/machine/qemu-1-kata-x.libvirt-qemu\n"
                              "4:memory:/machine/qemu-1-kata-x.libvirt-qemu\n"
                              "3:cpuset:/machine/qemu-1-kata-x.libvirt-qemu/emulator\n"
                              "1:name=systemd:/user.slice\n"
                              "0::/machine/qemu-1-kata-x.libvirt-qemu/emulator\n",
                              kHybridMounts),
              expected);
}

TEST(LibvirtCgroups, AreNoneWhereSystemdMakesThem) {
    EXPECT_TRUE(
        libvirt_cgroups("0::/machine.slice/machine-qemu\\x2d1\\x2dkata\\x2dx.scope/emulator\n",
                        "26 25 0:24 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n")
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

TEST(SandboxCgroupPath, LiesBesideThatOfTheContainer) {
    EXPECT_EQ(sandbox_cgroup_path("/docker/abc", oci::ContainerId("abc"), "abc"),
              "/docker/kata_abc");
    EXPECT_EQ(sandbox_cgroup_path("", oci::ContainerId("abc"), "pod"), "kata_pod");
    EXPECT_EQ(sandbox_cgroup_path("machine.slice:libpod:abc", oci::ContainerId("abc"), "abc"),
              "/machine.slice/kata_abc");
}

/// A hierarchy that is a plain directory.
class HostCgroupTest : public ::testing::Test {
  protected:
    HostCgroup cgroup(CgroupHierarchy hierarchy) {
        hierarchy.mount_point = tree_.path();
        return {{hierarchy}, "/docker/abc"};
    }
    void write(const std::string& name) { tree_.write("docker/abc/" + name, ""); }
    std::string value(const std::string& name) {
        return test::content_of(tree_.path() / "docker/abc" / name);
    }

    test::TemporaryDirectory tree_;
};

TEST_F(HostCgroupTest, SetsWeightAndListsOnV1WhereTheyBelong) {
    write("cpu.shares");
    oci::CpuResources cpu;
    cpu.shares = 512;
    cpu.cpus = "0-1";
    cgroup({{}, "/", false, true, false, false}).limit(cpu);
    EXPECT_EQ(value("cpu.shares"), "512");
    write("cpuset.cpus");
    cgroup({{}, "/", true, false, false, false}).limit(cpu);
    EXPECT_EQ(value("cpuset.cpus"), "0-1");
}

TEST_F(HostCgroupTest, ConvertsTheWeightForV2) {
    write("cpu.weight");
    oci::CpuResources cpu;
    for (const auto& [shares, weight] :
         std::map<std::uint64_t, std::string>{{2, "1"}, {1024, "39"}, {262144, "10000"}}) {
        cpu.shares = shares;
        write("cpu.weight");
        cgroup({{}, "/", false, false, true, true}).limit(cpu);
        EXPECT_EQ(value("cpu.weight"), weight) << shares;
    }
}

TEST_F(HostCgroupTest, LeavesWhatIsNotSet) {
    oci::CpuResources cpu;
    cpu.shares = 0;
    EXPECT_NO_THROW(cgroup({{}, "/", true, true, true, true}).limit(cpu));
}

TEST_F(HostCgroupTest, JournalsWhatItMakesAndParentsApart) {
    Journal own(tree_ / "journal", "abc");
    Journal parents(tree_ / "journal", "");
    const HostCgroup made = cgroup({{}, "/", false, false, false, false});
    made.create(own, parents);
    made.create(own, parents);
    base::NullLog log;
    const std::vector<Effect> expected{
        {Effect::Kind::cgroup_parent, (tree_ / "docker").native(), ""},
        {Effect::Kind::cgroup, (tree_ / "docker/abc").native(), "abc"},
        {Effect::Kind::cgroup_parent, (tree_ / "docker").native(), ""},
        {Effect::Kind::cgroup, (tree_ / "docker/abc").native(), "abc"}};
    EXPECT_EQ(Journal::load(tree_ / "journal", log), expected);
}

TEST_F(HostCgroupTest, LeavesParentsThatItMadeToWhoeverIsDeletedLastAndThoseOfAnEngineAlone) {
    std::filesystem::create_directory(tree_ / "engine");
    CgroupHierarchy hierarchy{tree_.path(), "/", false, false, false, false};
    Journal first(tree_ / "first", "");
    HostCgroup({hierarchy}, "/engine/pod/one").create(first, first);
    Journal second(tree_ / "second", "");
    HostCgroup({hierarchy}, "/engine/pod/two").create(second, second);
    base::NullLog log;
    const std::vector<Effect> expected{
        {Effect::Kind::cgroup_parent, (tree_ / "engine/pod").native(), ""},
        {Effect::Kind::cgroup, (tree_ / "engine/pod/two").native(), ""}};
    EXPECT_EQ(Journal::load(tree_ / "second", log), expected);
}

TEST_F(HostCgroupTest, JournalsItsOwnBeforeSomebodyElseMakesThem) {
    Journal journal(tree_ / "journal", "abc");
    cgroup({{}, "/", false, false, false, false}).record(journal);
    HostCgroup({{tree_.path(), "/"}}, "").record(journal);  // the top is nobody's
    base::NullLog log;
    EXPECT_EQ(
        Journal::load(tree_ / "journal", log),
        (std::vector<Effect>{{Effect::Kind::cgroup, (tree_ / "docker/abc").native(), "abc"}}));
    EXPECT_FALSE(std::filesystem::exists(tree_ / "docker"));
}

TEST_F(HostCgroupTest, HandsControllersDownToEveryLevelOnV2) {
    tree_.write("cgroup.subtree_control", "");
    tree_.write("docker/cgroup.subtree_control", "");
    Journal journal(tree_ / "journal", "abc");
    cgroup({{}, "/", false, false, true, true}).create(journal, journal);
    EXPECT_NE(test::content_of(tree_ / "cgroup.subtree_control").find("+io"), std::string::npos);
    EXPECT_NE(test::content_of(tree_ / "docker/cgroup.subtree_control").find("+io"),
              std::string::npos);
    EXPECT_TRUE(std::filesystem::is_directory(tree_ / "docker/abc"));
}

TEST_F(HostCgroupTest, OpensTheMemoryDirectoryButNeverTheTop) {
    write("memory.max");
    EXPECT_TRUE(cgroup({{}, "/", false, false, true, true}).open_memory().valid());
    EXPECT_FALSE(cgroup({{}, "/", false, true, false, false}).open_memory().valid());
    CgroupHierarchy top{tree_.path(), "/", false, false, true, false};
    EXPECT_FALSE(HostCgroup({top}, "").open_memory().valid());
}

TEST(RemoveCgroup, DoesNotMindAMissingDirectory) {
    EXPECT_NO_THROW(remove_cgroup("/sys/fs/cgroup/kata-unit-test-that-is-not-there"));
}

}  // namespace
}  // namespace kata::sandbox
