#include "pkg/sandbox/guest_filesystems.h"

#include <cstdio>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

void pad(std::string& archive) {
    archive.resize((archive.size() + 3) / 4 * 4, '\0');
}

void append(std::string& archive, const std::string& name, const std::string& content) {
    char header[111];
    std::snprintf(header,
                  sizeof header,
                  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                  1U,
                  0100644U,
                  0U,
                  0U,
                  1U,
                  0U,
                  static_cast<unsigned>(content.size()),
                  0U,
                  0U,
                  0U,
                  0U,
                  static_cast<unsigned>(name.size() + 1),
                  0U);
    archive += header;
    archive += name + '\0';
    pad(archive);
    archive += content;
    pad(archive);
}

class GuestFilesystemsTest : public testing::Test {
  protected:
    RuntimeConfig with_initrd(const std::string& list) {
        std::string archive;
        append(archive, "bin", "");
        append(archive, "init", "agent of odd size");
        append(archive, "etc/kata-agent/filesystem-modules", list);
        append(archive, "TRAILER!!!", "");
        return with_file(archive);
    }

    RuntimeConfig with_file(const std::string& content) {
        directory_.write("initrd", content);
        RuntimeConfig config;
        config.initrd = directory_ / "initrd";
        config.shared_fs = SharedFs::virtio_9p;
        return config;
    }

    test::TemporaryDirectory directory_;
};

TEST_F(GuestFilesystemsTest, ReadsAMember) {
    const RuntimeConfig config = with_initrd("9p -\n");
    EXPECT_EQ(archive_member(config.initrd, "init"), "agent of odd size");
    EXPECT_EQ(archive_member(config.initrd, "bin"), "");
    EXPECT_FALSE(archive_member(config.initrd, "etc"));
}

TEST_F(GuestFilesystemsTest, KnowsNothingOfWhatIsNoSuchArchive) {
    for (const std::string& content :
         {std::string(), std::string(200, '0'), std::string("070701")}) {
        EXPECT_FALSE(archive_member(with_file(content).initrd, "init"));
        EXPECT_NO_THROW(require_share_in_guest(with_file(content)));
    }
    std::string torn;
    append(torn, "init", "agent");
    EXPECT_FALSE(archive_member(with_file(torn.substr(0, torn.size() - 9)).initrd, "etc"));
    std::string endless;
    append(endless, "init", "agent");
    endless.replace(6 + 8 * 6, 8, "ffffffff");
    EXPECT_FALSE(archive_member(with_file(endless).initrd, "etc"));
    EXPECT_FALSE(archive_member(with_file(endless).initrd, "init"));
}

TEST_F(GuestFilesystemsTest, RefuseA9pShareForAKernelWithoutIt) {
    EXPECT_NO_THROW(require_share_in_guest(with_initrd("9p /lib/9p.ko\n")));
    EXPECT_NO_THROW(require_share_in_guest(with_initrd("9p -\n")));
    test::expect_error([&] { return require_share_in_guest(with_initrd("xfs /lib/xfs.ko\n")), 0; },
                       base::ErrorCode::unsupported,
                       "has a kernel without 9p; make one with 'make guest "
                       "GUEST_KERNEL_FLAVOUR=amd64'");
    RuntimeConfig config = with_initrd("");
    config.shared_fs = SharedFs::virtio_fs;
    EXPECT_NO_THROW(require_share_in_guest(config));
}

}  // namespace
}  // namespace kata::sandbox
