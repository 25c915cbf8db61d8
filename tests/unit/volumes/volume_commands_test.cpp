#include "pkg/sandbox/volumes/volume_commands.h"

#include <sys/stat.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/volumes/fake_host.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr const char* kPath = "/kubelet/volume";

/// Remembers what it was asked, and fails if it shall.
class FakeVm : public VolumeVm {
  public:
    VolumeStats stats(const std::string& sandbox_id, const DirectVolume& volume) override {
        calls.push_back("stats " + sandbox_id + " " + volume.path);
        return {{{VolumeUsage::Unit::bytes, 1, 3, 2}}};
    }
    void grow(const std::string& sandbox_id,
              const DirectVolume& volume,
              std::uint64_t size) override {
        calls.push_back("grow " + sandbox_id + " " + volume.path + " " + std::to_string(size));
        if (fails) {
            throw base::Error(ErrorCode::unavailable, "the VM is gone");
        }
    }
    std::vector<std::string> calls;
    bool fails = false;
};

class VolumeCommands : public testing::Test {
  protected:
    void SetUp() override {
        directory_.write("image", "");
        fs::resize_file(image(), 8192);
        MountInfo info;
        info.device = image();
        store_.add(kPath, info);
    }
    void start_sandbox() {
        fs::create_directories(directory_ / "sbs/pod");
        store_.claim(kPath, "pod");
    }
    [[nodiscard]] fs::path image() const { return directory_ / "image"; }
    [[nodiscard]] std::uint64_t pending() const { return store_.get(kPath).info.pending_size; }
    void resize(std::uint64_t size) { resize_volume(store_, kPath, size, vm_); }
    void expect_refused(std::uint64_t size, ErrorCode code, const std::string& words) {
        test::expect_error(
            [&] {
                resize(size);
                return 0;
            },
            code,
            words);
    }

    test::TemporaryDirectory directory_;
    test::FakeHost host_;
    DirectVolumeStore store_{directory_ / "volumes", directory_ / "sbs", host_.view()};
    FakeVm vm_;
};

TEST_F(VolumeCommands, StatsAreTheGuests) {
    start_sandbox();
    EXPECT_EQ(volume_stats(store_, kPath, vm_).usage.at(0).total, 3U);
    EXPECT_THAT(vm_.calls, testing::ElementsAre("stats pod /kubelet/volume"));
}

TEST_F(VolumeCommands, StatsNeedASandboxThatExists) {
    const auto stats = [&] { return volume_stats(store_, kPath, vm_); };
    test::expect_error(stats, ErrorCode::invalid_state, "no sandbox found for \"/kubelet/volume\"");
    start_sandbox();
    fs::remove_all(directory_ / "sbs/pod");
    test::expect_error(stats, ErrorCode::invalid_state, "no sandbox found for");
    EXPECT_THAT(vm_.calls, testing::IsEmpty());
    test::expect_error([&] { return volume_stats(store_, "/other", vm_); },
                       ErrorCode::not_found,
                       "\"/other\" does not exist");
}

TEST_F(VolumeCommands, ResizeGrowsAFileAndIsRememberedWhileNothingRuns) {
    resize(20000);
    EXPECT_EQ(fs::file_size(image()), 20480U);  // whole sectors
    EXPECT_EQ(pending(), 20480U);
    EXPECT_THAT(vm_.calls, testing::IsEmpty());
    resize(20000);
    EXPECT_EQ(fs::file_size(image()), 20480U);
}

TEST_F(VolumeCommands, ResizeReachesTheVmThatHasTheVolume) {
    start_sandbox();
    resize(16384);
    EXPECT_THAT(vm_.calls, testing::ElementsAre("grow pod /kubelet/volume 16384"));
    EXPECT_EQ(fs::file_size(image()), 16384U);
    EXPECT_EQ(pending(), 0U);
}

TEST_F(VolumeCommands, ResizeIsDoneAtTheNextStartIfTheVmFails) {
    start_sandbox();
    vm_.fails = true;
    expect_refused(16384, ErrorCode::unavailable, "the VM is gone");
    EXPECT_EQ(pending(), 16384U);
    vm_.fails = false;
    resize(16384);
    EXPECT_EQ(pending(), 0U);
}

TEST_F(VolumeCommands, ResizeNeverShrinks) {
    expect_refused(4096, ErrorCode::invalid_argument, "it has 8192 bytes, and volumes are not");
    EXPECT_EQ(fs::file_size(image()), 8192U);
    EXPECT_EQ(pending(), 0U);
    start_sandbox();
    expect_refused(4096, ErrorCode::invalid_argument, "not shrunk to 4096 bytes");
    EXPECT_THAT(vm_.calls, testing::IsEmpty());
}

TEST_F(VolumeCommands, ResizeKeepsTheContentAndTheHoles) {
    std::ofstream(image(), std::ios::in | std::ios::binary) << "content";
    resize(std::uint64_t{1} << 30);
    std::ifstream file(image());
    std::string begin(7, '\0');
    file.read(begin.data(), 7);
    EXPECT_EQ(begin, "content");
    struct stat status {};
    ASSERT_EQ(::stat(image().c_str(), &status), 0);
    EXPECT_LT(status.st_blocks * 512, off_t{1} << 20);
}

TEST_F(VolumeCommands, ResizeOfAFullyAllocatedFileAllocates) {
    std::ofstream(image(), std::ios::trunc) << std::string(65536, 'x');
    resize(std::uint64_t{1} << 20);
    struct stat status {};
    ASSERT_EQ(::stat(image().c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, off_t{1} << 20);
}

TEST_F(VolumeCommands, ResizeOfAVanishedDeviceNamesIt) {
    fs::remove(image());
    expect_refused(16384, ErrorCode::not_found, image().native());
}

TEST_F(VolumeCommands, ResizeNeedsADisk) {
    MountInfo info;
    info.volume_type = "spdkvol";
    info.device = "/run/spdk/vhost.0";
    store_.add("/spdk", info);
    test::expect_error(
        [&] {
            resize_volume(store_, "/spdk", 8192, vm_);
            return 0;
        },
        ErrorCode::unsupported,
        "only block devices and files");
}

TEST_F(VolumeCommands, ResizeNeedsAVolumeThatMayBeWritten) {
    MountInfo info = store_.get(kPath).info;
    info.options = {"noatime", "ro"};
    store_.add(kPath, info);
    expect_refused(16384, ErrorCode::invalid_argument, "without the option \"ro\"");
    EXPECT_EQ(fs::file_size(image()), 8192U);
    EXPECT_EQ(pending(), 0U);
}

TEST(VolumeStatsJson, IsWhatCsiDriversRead) {
    VolumeStats stats;
    stats.usage = {{VolumeUsage::Unit::bytes, 7, 10, 3}, {VolumeUsage::Unit::inodes, 1, 2, 1}};
    EXPECT_EQ(volume_stats_json(stats),
              R"({"usage":[{"available":7,"total":10,"used":3,"unit":1},)"
              R"({"available":1,"total":2,"used":1,"unit":2}],)"
              R"("volume_condition":{"message":"OK"}})"
              "\n");
}

TEST(VolumeStatsJson, LeavesOutZerosAndNamesTrouble) {
    VolumeStats stats;
    stats.usage = {{VolumeUsage::Unit::bytes, 0, 10, 10}};
    stats.abnormal = true;
    stats.message = "full";
    EXPECT_EQ(volume_stats_json(stats),
              R"({"usage":[{"total":10,"used":10,"unit":1}],)"
              R"("volume_condition":{"abnormal":true,"message":"full"}})"
              "\n");
}

TEST(VolumeSize, IsBytesOrAQuantity) {
    EXPECT_EQ(parse_volume_size("1"), 1U);
    EXPECT_EQ(parse_volume_size("8589934592"), 8589934592U);
    EXPECT_EQ(parse_volume_size("8Gi"), 8589934592U);
    EXPECT_EQ(parse_volume_size("1Ki"), 1024U);
    EXPECT_EQ(parse_volume_size("500M"), 500000000U);
    EXPECT_EQ(parse_volume_size("1k"), 1000U);
    EXPECT_EQ(parse_volume_size("7Ei"), std::uint64_t{7} << 60);
}

TEST(VolumeSize, IsRefusedOtherwise) {
    for (const char* text : {"",
                             "Gi",
                             "-1",
                             "+1",
                             " 1",
                             "1 ",
                             "1 Gi",
                             "8gi",
                             "8GI",
                             "8G i",
                             "1.5Gi",
                             "1e3",
                             "0x10",
                             "1m",
                             "1K",
                             "1B",
                             "1GiB",
                             "8Gix"}) {
        test::expect_error([&] { return parse_volume_size(text); },
                           ErrorCode::invalid_argument,
                           "whole number of bytes");
    }
    for (const char* text : {"0", "0Gi"}) {
        test::expect_error(
            [&] { return parse_volume_size(text); }, ErrorCode::invalid_argument, "larger than 0");
    }
    for (const char* text : {"8Ei", "16Ei", "99999999999999999999", "9223372036854775808"}) {
        test::expect_error([&] { return parse_volume_size(text); },
                           ErrorCode::invalid_argument,
                           "no disk is that large");
    }
}

}  // namespace
}  // namespace kata::sandbox
