#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/agent/guest/block_device.h"
#include "pkg/agent/guest/disk_nodes.h"
#include "pkg/agent/guest/disk_storage.h"
#include "pkg/agent/guest/file_system.h"
#include "pkg/agent/guest/use_modules.h"
#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;
using nlohmann::json;
using std::chrono::milliseconds;
using test::failure_of;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::IsEmpty;

base::Deadline soon() {
    return base::Deadline::after(milliseconds(20));
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

TEST(BlockDevice, IsFoundByTheSerialOfVirtioBlk) {
    const TemporaryDirectory sysfs;
    sysfs.write("vda/serial", "kata0000000000000001");
    sysfs.write("vda/dev", "254:0\n");
    sysfs.write("vdb/serial", "kata0000000000000002\n");
    sysfs.write("vdb/dev", "254:16\n");
    EXPECT_EQ(find_block_device("kata0000000000000002", sysfs.path()),
              (BlockDevice{"vdb", 254, 16}));
    EXPECT_EQ(find_block_device("kata000000000000000", sysfs.path()), std::nullopt);
    EXPECT_EQ(find_block_device("", sysfs.path()), std::nullopt);
}

TEST(BlockDevice, IsFoundByTheSerialPageOfScsi) {
    const TemporaryDirectory sysfs;
    sysfs.write("loop0/dev", "7:0\n");
    sysfs.write("sda/device/vpd_pg80", std::string("\0\x80\0\x05kata1", 9));
    sysfs.write("sda/dev", "8:0\n");
    EXPECT_EQ(find_block_device("kata1", sysfs.path()), (BlockDevice{"sda", 8, 0}));
}

TEST(BlockDevice, ThatDoesNotComeIsNamedAtTheDeadline) {
    const TemporaryDirectory sysfs;
    test::expect_error(
        [&] { static_cast<void>(await_block_device("kata9", soon(), sysfs.path())); },
        ErrorCode::not_found,
        "\"kata9\"");
}

TEST(BlockDevice, ThatIsJustGoingIsNone) {
    const TemporaryDirectory sysfs;
    sysfs.write("vda/serial", "kata1");
    EXPECT_EQ(find_block_device("kata1", sysfs.path()), std::nullopt);
    sysfs.write("vda/dev", "254");
    EXPECT_EQ(find_block_device("kata1", sysfs.path()), std::nullopt);
}

TEST(DiskModules, AreThoseOfTheirUseInOrder) {
    const std::string list = "blk /a.ko\next4 /b.ko\next4 /c.ko\nxfs /d.ko\n";
    EXPECT_THAT(modules_for("ext4", list), ElementsAre("/b.ko", "/c.ko"));
    EXPECT_THAT(modules_for("ext", list), IsEmpty());
}

TEST(DiskNodes, GetTheGuestsNumbersAndARule) {
    const std::string spec = R"({"linux":{"devices":[{"path":"/dev/a","type":"b","major":7,
        "minor":0,"uid":5},{"path":"/dev/b","type":"c","major":1,"minor":3}]}})";
    const json changed = json::parse(with_disk_nodes(spec, {{"/dev/a", "rm", {"vdb", 254, 16}}}));
    const json& devices = changed["linux"]["devices"];
    EXPECT_EQ(devices[0]["major"], 254);
    EXPECT_EQ(devices[0]["minor"], 16);
    EXPECT_EQ(devices[0]["uid"], 5);
    EXPECT_EQ(devices[1]["major"], 1);
    const json& rule = changed["linux"]["resources"]["devices"][0];
    EXPECT_EQ(rule,
              json::parse(R"({"allow":true,"type":"b","major":254,"minor":16,"access":"rm"})"));
}

TEST(DiskNodes, OfNobodyLeaveTheSpecificationAsItIs) {
    EXPECT_EQ(with_disk_nodes("no json", {}), "no json");
    for (const char* spec : {"no json", "{}", R"({"linux":{"devices":[]}})"}) {
        EXPECT_EQ(failure_of([&] {
                      static_cast<void>(with_disk_nodes(spec, {{"/dev/a", "r", {"vda", 1, 2}}}));
                  }).code(),
                  ErrorCode::invalid_argument);
    }
}

TEST(FileSystem, TellsHowFullItIs) {
    const TemporaryDirectory directory;
    const FileSystemUsage usage = usage_of(directory.path());
    EXPECT_GT(usage.total_bytes, 0U);
    EXPECT_LE(usage.free_bytes, usage.total_bytes);
    EXPECT_EQ(failure_of([&] { static_cast<void>(usage_of(directory / "none")); }).code(),
              ErrorCode::not_found);
}

TEST(FileSystem, ThatCannotBeGrownSaysSo) {
    test::expect_error(
        [] {
            grow_file_system("/proc", {"vda", 0, 0});
        },
        ErrorCode::unsupported,
        "ext4, xfs and btrfs");
}

TEST(FileSystem, IsGivenToAGroupWithWhatIsInIt) {
    const TemporaryDirectory directory;
    directory.write("a/file", "x");
    ::chmod((directory / "a/file").c_str(), 0640);
    ::chmod((directory / "a").c_str(), 0700);
    std::filesystem::create_symlink("/etc/passwd", directory / "link");
    give_to_group(directory.path(), ::getegid(), GroupChange::always);
    EXPECT_EQ(mode_of(directory / "a/file"), 0660U);
    EXPECT_EQ(mode_of(directory / "a"), 02770U);
    EXPECT_EQ(mode_of(directory.path()), 02770U);
}

TEST(FileSystem, ThatBelongsToTheGroupByItsRootIsLeftAlone) {
    const TemporaryDirectory directory;
    directory.write("file", "x");
    ::chmod((directory / "file").c_str(), 0600);
    ::chmod(directory.path().c_str(), 02770);
    give_to_group(directory.path(), ::getegid(), GroupChange::on_root_mismatch);
    EXPECT_EQ(mode_of(directory / "file"), 0600U);
    ::chmod(directory.path().c_str(), 0770);
    give_to_group(directory.path(), ::getegid(), GroupChange::on_root_mismatch);
    EXPECT_EQ(mode_of(directory / "file"), 0660U);
}

TEST(DiskStorages, HaveNothingToGrowOrLetGoOf) {
    DiskStorages disks;
    disks.detach("c1");
    disks.unmount_all();
    EXPECT_EQ(failure_of([&] { disks.grow("/mnt", 1, soon()); }).code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace kata::agent::guest
