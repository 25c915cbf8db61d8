#include "pkg/sandbox/guest_image.h"

#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

constexpr std::size_t kUnit = std::size_t{16} << 20;

class GuestImage : public testing::Test {
  protected:
    /// An image of one unit, with nothing in it.
    GuestImage() {
        config_.image = directory_ / "guest.img";
        write(std::string(8192, '\0'));
    }
    void write(const std::string& head, std::size_t bytes = kUnit) {
        directory_.write("guest.img", head);
        std::filesystem::resize_file(config_.image, bytes);
    }
    static std::string partitioned() {
        std::string head(8192, '\0');
        head[0x1be + 4] = '\x83';
        head.replace(510, 2, "\x55\xaa");
        return head;
    }

    test::TemporaryDirectory directory_;
    RuntimeConfig config_;
};

TEST_F(GuestImage, IsMemoryAndNeverADeviceThatIsWritten) {
    const VmImage image = describe_image(config_);
    EXPECT_EQ(image.path, config_.image);
    EXPECT_EQ(image.bytes, kUnit);
    EXPECT_EQ(image.memory_parameters,
              "root=/dev/pmem0 rootflags=errors=remount-ro ro rootfstype=ext4");
    EXPECT_EQ(image.disk_parameters,
              "root=/dev/vda rootflags=errors=remount-ro ro rootfstype=ext4");
}

TEST_F(GuestImage, IsADiskIfTheConfigurationSaysSo) {
    config_.disable_image_nvdimm = true;
    EXPECT_EQ(describe_image(config_).memory_parameters, std::nullopt);
}

TEST_F(GuestImage, WithATableOfPartitionsHasTheRootInTheFirst) {
    write(partitioned());
    const VmImage image = describe_image(config_);
    EXPECT_EQ(image.memory_parameters->substr(0, 18), "root=/dev/pmem0p1 ");
    EXPECT_EQ(image.disk_parameters.substr(0, 15), "root=/dev/vda1 ");
    std::string empty_table = partitioned();
    empty_table[0x1be + 4] = '\0';
    write(empty_table);
    EXPECT_EQ(describe_image(config_).disk_parameters.substr(0, 14), "root=/dev/vda ");
}

TEST_F(GuestImage, IsUsedInPlaceIfItHasTheHeaderForThat) {
    std::string head = partitioned();
    head.replace(4096, 15, "NVDIMM_PFN_INFO");
    write(head);
    EXPECT_EQ(describe_image(config_).memory_parameters,
              "root=/dev/pmem0p1 rootflags=dax,errors=remount-ro ro rootfstype=ext4");
    EXPECT_EQ(describe_image(config_).disk_parameters,
              "root=/dev/vda1 rootflags=errors=remount-ro ro rootfstype=ext4");
    config_.rootfs_type = "erofs";
    EXPECT_EQ(describe_image(config_).memory_parameters,
              "root=/dev/pmem0p1 rootflags=dax ro rootfstype=erofs");
    EXPECT_EQ(describe_image(config_).disk_parameters, "root=/dev/vda1 ro rootfstype=erofs");
}

TEST_F(GuestImage, OfAnotherSizeThanTheGuestCanMapIsRefusedWithWhatToDo) {
    write(partitioned(), kUnit + 1);
    test::expect_error([&] { return describe_image(config_); },
                       base::ErrorCode::invalid_argument,
                       "run 'truncate -s 33554432 " + config_.image.native() +
                           "' or set disable_image_nvdimm = true");
    config_.disable_image_nvdimm = true;
    EXPECT_EQ(describe_image(config_).bytes, kUnit + 1);
}

TEST_F(GuestImage, ThatIsNoFileIsRefused) {
    write("short", 5);
    test::expect_error([&] { return describe_image(config_); },
                       base::ErrorCode::invalid_argument,
                       "no regular file, or too small");
    config_.image = "/dev/null";
    test::expect_error([&] { return describe_image(config_); },
                       base::ErrorCode::invalid_argument,
                       "no regular file");
    config_.image = directory_ / "missing";
    test::expect_error(
        [&] { return describe_image(config_); }, base::ErrorCode::not_found, "missing");
}

TEST(BootedInitrd, IsTheLoaderOfAGuestWithAnImage) {
    RuntimeConfig config;
    config.initrd = "/initrd";
    config.image_loader = "/loader";
    EXPECT_EQ(booted_initrd(config), "/initrd");
    config.image = "/image";
    EXPECT_EQ(booted_initrd(config), "/loader");
}

}  // namespace
}  // namespace kata::sandbox
