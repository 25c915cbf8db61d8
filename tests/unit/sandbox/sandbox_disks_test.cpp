// Disks of a container becoming those of a VM: who may open them, and the guest's swap space.
#include "pkg/sandbox/sandbox_disks.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/sandbox/guest_setup.h"
#include "pkg/sandbox/guest_swap.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using testing::ElementsAre;
using testing::Field;

constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";
constexpr std::uint64_t kMebibyte = 1 << 20;

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
    [[nodiscard]] std::vector<Effect> effects() { return Journal::load(place_.journal(), log_); }
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
    ContainerPlace place_{oci::ContainerId("c"), "sb", directory_.make("sbs/sb"), directory_ / "c"};
    Journal journal_{place_.journal(), "c"};
    Journal sandbox_journal_{place_.journal(), ""};
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

TEST_F(SandboxDisksTest, HaveSwapThatIsTheSandboxsAndThatOnlyItsVmCanOpen) {
    config_.machine.rootless = true;
    const VmDisk swap = SandboxDisks(context(), plan_).provide_swap(kUuid, 64);
    EXPECT_EQ(swap.serial, kSwapSerial);
    EXPECT_FALSE(swap.is_block_device);
    EXPECT_FALSE(swap.read_only);
    struct stat status {};
    ASSERT_EQ(::stat(swap.source.c_str(), &status), 0);
    EXPECT_EQ(status.st_size, static_cast<off_t>(64 * kMebibyte));
    EXPECT_EQ(status.st_blocks, 0) << "it takes no room yet";
    EXPECT_EQ(status.st_uid, 1879048192U);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_THAT(effects(),
                ElementsAre(Effect{Effect::Kind::directory, directory_ / "assets/swap-sb", ""},
                            Effect{Effect::Kind::directory, directory_ / "assets/sandbox-sb", ""},
                            Field(&Effect::kind, Effect::Kind::disk)));
    EXPECT_EQ(effects().back().container_id, "");
}

TEST_F(SandboxDisksTest, HaveTheSwapWhereTheConfigurationSays) {
    config_.guest_swap_dir = directory_ / "elsewhere";
    static_cast<void>(SandboxDisks(context(), plan_).provide_swap(kUuid, 64));
    EXPECT_TRUE(std::filesystem::exists(directory_ / "elsewhere/swap-sb/swap"));
}

TEST_F(SandboxDisksTest, HaveNoSwapWhereThereMayBeNoDisks) {
    config_.disable_block_device_use = true;
    test::expect_error(
        [&] { static_cast<void>(SandboxDisks(context(), plan_).provide_swap(kUuid, 64)); },
        ErrorCode::unsupported,
        "disable_block_device_use allows none");
    EXPECT_TRUE(effects().empty());
}

TEST(GuestSwap, HasTheConfiguredPartOfTheMemory) {
    RuntimeConfig config;
    EXPECT_EQ(guest_swap_bytes(config, 2048), 2048 * kMebibyte);
    config.guest_swap_percent = 150;
    EXPECT_EQ(guest_swap_bytes(config, 2048), 3072 * kMebibyte);
    config.guest_swap_percent = 1;
    EXPECT_EQ(guest_swap_bytes(config, 64), kMebibyte);
}

TEST(GuestSwap, IsToldToTheAgentOnlyIfThereIsSome) {
    RuntimeConfig config;
    EXPECT_EQ(guest_setup(config, "sb").storages.size(), 1U);
    config.guest_swap = true;
    config.block_device_driver = DiskDriver::virtio_scsi;
    const SandboxSetup setup = guest_setup(config, "sb");
    ASSERT_EQ(setup.storages.size(), 2U);
    EXPECT_EQ(setup.storages[1].source, kSwapSerial);
    EXPECT_EQ(setup.storages[1].fs_type, "swap");
    EXPECT_EQ(setup.storages[1].driver, std::optional(DiskDriver::virtio_scsi));
}

}  // namespace
}  // namespace kata::sandbox
