// Disks that two sandboxes want: who is refused, and who is named.
#include "pkg/sandbox/disk_use.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <gtest/gtest.h>

#include "pkg/sandbox/journal.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/volumes/fake_host.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;

DiskEffect block(unsigned minor_number, bool read_only = false) {
    DiskEffect disk;
    disk.vm_uuid = "some VM";
    disk.serial = "b" + std::to_string(minor_number);
    disk.path = "/dev/kata-some/" + disk.serial;
    disk.read_only = read_only;
    disk.major = 8;
    disk.minor = minor_number;
    return disk;
}

class DiskUse : public testing::Test {
  protected:
    void SetUp() override {
        host_.disk("sdb", "8:16");
        host_.partition("sdb", "sdb1", "8:17");
        host_.partition("sdb", "sdb2", "8:18");
    }
    void give_to(const std::string& sandbox, const DiskEffect& disk) {
        Journal(directory_.make(sandbox) / "journal", "c")
            .record(Effect::Kind::disk, to_text(disk));
    }
    void want(const DiskEffect& disk) {
        give_to("mine", disk);
        require_unused_by_sandboxes(disk, "/dev/given", directory_ / "mine", log_, host_.view());
    }
    void expect_refused(const DiskEffect& disk) {
        test::expect_error([&] { want(disk); },
                           ErrorCode::invalid_state,
                           "cannot give \"/dev/given\" to a virtual machine: sandbox \"other\" "
                           "has it, and two systems writing to one disk destroy it");
    }
    [[nodiscard]] DiskEffect image(const std::string& name) const {
        directory_.write(name, "content");
        struct stat status {};
        EXPECT_EQ(::stat((directory_ / name).c_str(), &status), 0);
        DiskEffect disk = block(0);
        disk.serial = "f" + name;
        disk.is_block_device = false;
        disk.major = major(status.st_dev);
        disk.minor = minor(status.st_dev);
        disk.inode = status.st_ino;
        return disk;
    }

    test::FakeHost host_;
    test::TemporaryDirectory directory_;
    base::NullLog log_;
};

TEST_F(DiskUse, IsRefusedIfAnotherSandboxHasTheSameDevice) {
    give_to("other", block(16));
    expect_refused(block(16));
}

TEST_F(DiskUse, IsRefusedIfEitherWrites) {
    give_to("other", block(16, /*read_only=*/true));
    expect_refused(block(16));
    give_to("other", block(17));
    expect_refused(block(17, /*read_only=*/true));
}

TEST_F(DiskUse, IsAllowedIfBothOnlyRead) {
    give_to("other", block(16, /*read_only=*/true));
    EXPECT_NO_THROW(want(block(16, /*read_only=*/true)));
}

TEST_F(DiskUse, IsRefusedOfAPartitionAndItsDisk) {
    give_to("other", block(17));
    expect_refused(block(16));
    EXPECT_NO_THROW(want(block(18)));
}

TEST_F(DiskUse, IsRefusedOfAFileAndALoopDeviceOfIt) {
    give_to("other", image("disk.img"));
    host_.loop("loop3", "8:48", directory_ / "disk.img");
    expect_refused(block(48));
    expect_refused(image("disk.img"));
    EXPECT_NO_THROW(want(image("another.img")));
}

TEST_F(DiskUse, IsKnownFromAJournalThatHasOnlyItsSerial) {
    Journal(directory_.make("other") / "journal", "c")
        .record(Effect::Kind::disk,
                R"({"vm":"v","serial":"b16","path":"/dev/kata-v/b16","block":true,)"
                R"("readOnly":false})");
    expect_refused(block(16));
    EXPECT_NO_THROW(want(block(18)));
}

TEST_F(DiskUse, PassesOverWhatCannotBeReadAndOtherEffects) {
    Journal journal(directory_.make("other") / "journal", "c");
    journal.record(Effect::Kind::disk, "no disk");
    journal.record(Effect::Kind::mount, to_text(block(16)));
    std::filesystem::create_directories(directory_ / "without a journal");
    EXPECT_NO_THROW(want(block(16)));
}

}  // namespace
}  // namespace kata::sandbox
