#include "pkg/sandbox/volumes/volume_device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <gtest/gtest.h>

#include "pkg/sandbox/volumes/filesystem_size.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/volumes/fake_host.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

class VolumeDeviceTest : public testing::Test {
  protected:
    [[nodiscard]] static VolumeDevice block(unsigned major_number, unsigned minor_number) {
        VolumeDevice device;
        device.kind = VolumeDevice::Kind::block;
        device.path = "/dev/x";
        device.number = makedev(major_number, minor_number);
        return device;
    }
    [[nodiscard]] std::optional<std::string> use_of(const VolumeDevice& device) const {
        return host_use(device, host_.view());
    }
    [[nodiscard]] VolumeDevice file(const char* name, const std::string& content) const {
        directory_.write(name, content);
        return examine_device(directory_ / name, host_.view());
    }

    test::FakeHost host_;
    test::TemporaryDirectory directory_;
};

TEST_F(VolumeDeviceTest, IsAFileWithItsSize) {
    const VolumeDevice device = file("image", "12345");
    EXPECT_EQ(device.kind, VolumeDevice::Kind::file);
    EXPECT_EQ(device.size, 5U);
    EXPECT_EQ(device.path, directory_ / "image");
    EXPECT_EQ(use_of(device), std::nullopt);
}

TEST_F(VolumeDeviceTest, IsWhatASymbolicLinkLeadsTo) {
    static_cast<void>(file("image", "12345"));
    fs::create_symlink("image", directory_ / "by-id");
    EXPECT_EQ(examine_device(directory_ / "by-id").path, directory_ / "image");
}

TEST_F(VolumeDeviceTest, MustExist) {
    test::expect_error(
        [&] { return examine_device(directory_ / "none"); }, ErrorCode::not_found, "none");
}

TEST_F(VolumeDeviceTest, IsNothingElse) {
    ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
    for (const fs::path& path : {directory_ / "fifo", directory_.path(), fs::path("/dev/null")}) {
        test::expect_error([&] { return examine_device(path); },
                           ErrorCode::invalid_argument,
                           "neither a block device nor a regular file");
    }
}

TEST_F(VolumeDeviceTest, OfNobodyElseIsFree) {
    host_.disk("sda", "8:0");
    host_.disk("sdb", "8:16");
    host_.mounted("8:0", "/mnt");
    EXPECT_EQ(use_of(block(8, 16)), std::nullopt);
    // 8:1 is not a part of 8:16.
    host_.mounted("8:1", "/mnt");
    EXPECT_EQ(use_of(block(8, 16)), std::nullopt);
}

TEST_F(VolumeDeviceTest, IsUsedIfItIsMounted) {
    host_.disk("sdb", "8:16");
    host_.mounted("8:16", "/mnt/a\\040b");
    EXPECT_EQ(use_of(block(8, 16)), "is mounted on /mnt/a b");
}

TEST_F(VolumeDeviceTest, IsUsedIfOneOfItsPartitionsIs) {
    host_.disk("sdb", "8:16");
    host_.partition("sdb", "sdb1", "8:17");
    host_.partition("sdb", "sdb2", "8:18");
    host_.mounted("8:18", "/mnt");
    EXPECT_EQ(use_of(block(8, 16)), "is mounted on /mnt");
    EXPECT_EQ(use_of(block(8, 17)), std::nullopt);
}

TEST_F(VolumeDeviceTest, IsUsedIfTheDiskItIsAPartitionOfIs) {
    host_.disk("sdb", "8:16");
    host_.partition("sdb", "sdb1", "8:17");
    host_.mounted("8:16", "/mnt");
    EXPECT_EQ(use_of(block(8, 17)), "is mounted on /mnt");
}

TEST_F(VolumeDeviceTest, IsUsedAsPartOfAMountedBtrfs) {
    host_.disk("sdb", "8:16");
    host_.write("sys/fs/btrfs/some-uuid/devices/sdb/dev", "8:16\n");
    EXPECT_EQ(use_of(block(8, 16)), "is part of a mounted btrfs");
    EXPECT_EQ(use_of(block(8, 32)), std::nullopt);
}

TEST_F(VolumeDeviceTest, IsUsedIfAnotherDeviceIsMadeOfIt) {
    host_.disk("sdb", "8:16");
    host_.partition("sdb", "sdb1", "8:17");
    host_.write("sys/devices/sdb/sdb1/holders/dm-0/dev", "253:0\n");
    EXPECT_EQ(use_of(block(8, 16)), "is held by dm-0");
    EXPECT_EQ(use_of(block(8, 17)), "is held by dm-0");
}

TEST_F(VolumeDeviceTest, IsUsedIfTheHostSwapsToIt) {
    host_.disk("sdb", "8:16");
    host_.partition("sdb", "sdb2", "8:18");
    const VolumeDevice image = file("swap file", "x");
    std::string escaped = image.path.native();
    escaped.replace(escaped.find(' '), 1, "\\040");
    host_.write("proc/swaps",
                "Filename Type Size Used Priority\n/dev/sdb2 partition 1 0 -2\n" + escaped +
                    "\tfile 1 0 -3\n");
    EXPECT_EQ(use_of(block(8, 16)), "is used as swap");
    EXPECT_EQ(use_of(image), "is used as swap");
    EXPECT_EQ(use_of(file("other", "x")), std::nullopt);
}

TEST_F(VolumeDeviceTest, OfAFileIsUsedIfItsLoopDeviceIs) {
    const VolumeDevice image = file("image", "x");
    host_.loop("loop3", "7:3", image.path);
    EXPECT_EQ(use_of(image), std::nullopt);
    host_.mounted("7:3", "/mnt");
    EXPECT_EQ(use_of(image), "has the loop device loop3, which is mounted on /mnt");
    EXPECT_EQ(use_of(file("other", "x")), std::nullopt);
}

TEST_F(VolumeDeviceTest, IsRefusedToAVmWhileTheHostUsesIt) {
    const VolumeDevice image = file("image", "x");
    host_.loop("loop3", "7:3", image.path);
    require_unused_by_host(image, host_.view());
    host_.mounted("7:3", "/mnt");
    test::expect_error(
        [&] {
            require_unused_by_host(image, host_.view());
            return 0;
        },
        ErrorCode::invalid_state,
        "which is mounted on /mnt; two systems writing to one disk destroy it");
}

TEST_F(VolumeDeviceTest, OverlapsWithItsOtherNamesAndItsPartitions) {
    const auto host = host_.view();
    host_.disk("sdb", "8:16");
    host_.partition("sdb", "sdb1", "8:17");
    host_.partition("sdb", "sdb2", "8:18");
    EXPECT_TRUE(overlap(block(8, 16), block(8, 16), host));
    EXPECT_TRUE(overlap(block(8, 16), block(8, 17), host));
    EXPECT_TRUE(overlap(block(8, 17), block(8, 16), host));
    EXPECT_FALSE(overlap(block(8, 17), block(8, 18), host));
    const VolumeDevice image = file("image", "x");
    fs::create_hard_link(directory_ / "image", directory_ / "link");
    EXPECT_TRUE(overlap(image, examine_device(directory_ / "link", host), host));
    EXPECT_FALSE(overlap(image, file("other", "x"), host));
    EXPECT_FALSE(overlap(image, block(8, 16), host));
    VolumeDevice loop = block(7, 3);
    loop.filesystem = image.filesystem;
    loop.inode = image.inode;
    EXPECT_TRUE(overlap(image, loop, host));
}

/// `size` zeros with `bytes` at `offset`.
std::string image_with(std::size_t offset, const std::string& bytes, std::string image) {
    image.replace(offset, bytes.size(), bytes);
    return image;
}

class FilesystemSize : public testing::Test {
  protected:
    std::optional<std::uint64_t> size_of(const std::string& image) {
        directory_.write("image", image);
        return filesystem_size(directory_ / "image");
    }
    const std::string empty_ = std::string(std::size_t{66} << 10, '\0');
    test::TemporaryDirectory directory_;
};

TEST_F(FilesystemSize, IsUnknownWithoutASuperblock) {
    EXPECT_EQ(size_of(""), std::nullopt);
    EXPECT_EQ(size_of(empty_), std::nullopt);
    EXPECT_EQ(size_of(std::string(66000, '\xff')), std::nullopt);
}

TEST_F(FilesystemSize, IsThatOfAnExt4) {
    std::string image = image_with(1024 + 0x38, "\x53\xef", empty_);
    image = image_with(1024 + 0x04, "\x03\x02\x01", image);  // blocks
    image = image_with(1024 + 0x18, "\x02", image);          // of 4096 bytes
    EXPECT_EQ(size_of(image), std::uint64_t{0x010203} * 4096);
    image = image_with(1024 + 0x150, "\x01", image);
    EXPECT_EQ(size_of(image), std::uint64_t{0x010203} * 4096);
    image = image_with(1024 + 0x60, "\xc2", image);  // with the 64bit feature
    EXPECT_EQ(size_of(image), std::uint64_t{0x100010203} * 4096);
}

TEST_F(FilesystemSize, IsThatOfAnXfs) {
    const std::string superblock("XFSB\0\0\x10\0\0\0\0\0\0\0\x01\x02", 16);
    EXPECT_EQ(size_of(image_with(0, superblock, empty_)), std::uint64_t{0x0102} * 4096);
}

TEST_F(FilesystemSize, IsThatOfABtrfs) {
    std::string image = image_with(0x10040, "_BHRfS_M", empty_);
    EXPECT_EQ(size_of(image_with(0x10070, "\x01\x02\x03", image)), 0x030201U);
}

TEST_F(FilesystemSize, IsUnknownIfItIsAbsurd) {
    const std::string superblock = "XFSB" + std::string(12, '\xff');
    EXPECT_EQ(size_of(image_with(0, superblock, empty_)), std::nullopt);
}

}  // namespace
}  // namespace kata::sandbox
