// Disks of a container becoming those of a VM: who may open them.
#include "pkg/sandbox/sandbox_disks.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";

class SandboxDisksTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can bind files";
        }
        config_.assets_dir = directory_ / "assets";
        backend_.fake.users = {{"", {64055, 107, {107}}}, {kUuid, {1879048192, 36, {36}}}};
    }
    void TearDown() override {
        for (const Effect& effect : effects()) {
            if (effect.kind == Effect::Kind::disk) {
                take_access(parse_disk_effect(effect.object));
            }
        }
    }
    [[nodiscard]] std::vector<Effect> effects() {
        return Journal::load(directory_ / "journal", log_);
    }
    [[nodiscard]] DiskContext context() {
        return {config_, backend_, log_, place_, journal_, sandbox_journal_, [](const auto&) {}};
    }
    /// A file that nobody but root may open, as a container's disk.
    void plan_private_file() {
        directory_.write("disk.img", "content");
        ASSERT_EQ(::chmod((directory_ / "disk.img").c_str(), 0600), 0);
        PlannedDisk disk;
        disk.source = disk_source(directory_ / "disk.img");
        disk.serial = serial_of(disk.source);
        plan_.disks.push_back(disk);
    }
    [[nodiscard]] std::optional<uid_t> listed_user() {
        SandboxDisks disks(context(), plan_);
        static_cast<void>(disks.provide(kUuid));
        return parse_disk_effect(effects().back().object).listed_user;
    }

    test::TemporaryDirectory directory_;
    RuntimeConfig config_;
    test::FakeBackend backend_;
    base::NullLog log_;
    DiskPlan plan_;
    ContainerPlace place_{oci::ContainerId("c"), "sb", directory_.path(), directory_ / "c"};
    Journal journal_{directory_ / "journal", "c"};
    Journal sandbox_journal_{directory_ / "journal", ""};
};

TEST_F(SandboxDisksTest, AreOpenedByTheUserOfAllVms) {
    plan_private_file();
    EXPECT_EQ(listed_user(), std::optional<uid_t>(64055));
}

TEST_F(SandboxDisksTest, AreOpenedByTheVmsOwnUserWhereItIsRootless) {
    plan_private_file();
    config_.machine.rootless = true;
    EXPECT_EQ(listed_user(), std::optional<uid_t>(1879048192));
}

}  // namespace
}  // namespace kata::sandbox
