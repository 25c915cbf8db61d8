#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/agent/guest/copied_files.h"
#include "pkg/agent/guest/use_modules.h"
#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;
using test::content_of;

class CopiedFilesTest : public testing::Test {
  protected:
    static FilePiece piece(const std::string& path, std::uint32_t mode, const std::string& data) {
        FilePiece made;
        made.path = path;
        made.mode = mode;
        made.uid = ::getuid();
        made.gid = ::getgid();
        made.data = data;
        made.modified_seconds = 1'000'000'000;
        made.modified_nanoseconds = 5;
        return made;
    }

    struct stat status_of(const std::string& path) const {
        struct stat status {};
        EXPECT_EQ(::lstat((root_ / path).c_str(), &status), 0) << path;
        return status;
    }

    test::TemporaryDirectory directory_;
    std::filesystem::path root_ =
        (std::filesystem::create_directories(directory_ / "root"), directory_ / "root");
    CopiedFiles files_{root_};
};

TEST_F(CopiedFilesTest, MakesFilesOfTheirPiecesWithModeAndTime) {
    files_.put(piece("c1/rootfs", S_IFDIR | 0751, ""));
    files_.put(piece("c1/rootfs/program", S_IFREG | 04755, "first "));
    FilePiece second = piece("c1/rootfs/program", S_IFREG | 04755, "second");
    second.offset = 6;
    files_.put(second);
    EXPECT_EQ(content_of(root_ / "c1/rootfs/program"), "first second");
    EXPECT_EQ(status_of("c1/rootfs").st_mode, S_IFDIR | 0751U);
    const auto status = status_of("c1/rootfs/program");
    EXPECT_EQ(status.st_mode, S_IFREG | 04755U);
    EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000);
    EXPECT_EQ(status.st_mtim.tv_nsec, 5);
}

TEST_F(CopiedFilesTest, BeginsAFileAnew) {
    files_.put(piece("c1/volumes/0", S_IFREG | 0644, "long content"));
    files_.put(piece("c1/volumes/0", S_IFREG | 0600, "short"));
    EXPECT_EQ(content_of(root_ / "c1/volumes/0"), "short");
    EXPECT_EQ(status_of("c1/volumes/0").st_mode & 07777, 0600U);
}

TEST_F(CopiedFilesTest, MakesSymlinksAndHardLinks) {
    files_.put(piece("c1/a", S_IFREG | 0644, "x"));
    files_.put(piece("c1/link", S_IFLNK | 0777, "/etc/passwd"));
    EXPECT_EQ(std::filesystem::read_symlink(root_ / "c1/link"), "/etc/passwd");
    FilePiece second = piece("c1/b", S_IFREG | 0644, "");
    second.link_of = "c1/a";
    files_.put(second);
    EXPECT_EQ(status_of("c1/b").st_ino, status_of("c1/a").st_ino);
}

TEST_F(CopiedFilesTest, NeverWritesThroughASymlink) {
    directory_.write("outside/canary", "alive");
    const std::string outside = (directory_ / "outside").native();
    files_.put(piece("c1/file", S_IFLNK | 0777, outside + "/canary"));
    EXPECT_THROW(files_.put(piece("c1/file", S_IFREG | 0644, "overwritten")), base::Error);
    files_.put(piece("c1/dir", S_IFLNK | 0777, outside));
    EXPECT_THROW(files_.put(piece("c1/dir", S_IFDIR | 0755, "")), base::Error);
    // Below it, the link is followed as the container would: inside of the root.
    try {
        files_.put(piece("c1/dir/canary", S_IFREG | 0644, "overwritten"));
    } catch (const base::Error&) {
        SUCCEED();
    }
    files_.put(piece("c1/up", S_IFLNK | 0777, "../../../outside"));
    try {
        files_.put(piece("c1/up/canary", S_IFREG | 0644, "overwritten"));
    } catch (const base::Error&) {
        SUCCEED();
    }
    EXPECT_EQ(content_of(directory_ / "outside/canary"), "alive");
    FilePiece link = piece("c1/stolen", S_IFREG | 0644, "");
    link.link_of = "c1/up/canary";
    try {
        files_.put(link);
    } catch (const base::Error&) {
        SUCCEED();
    }
    struct stat canary {};
    ASSERT_EQ(::stat((directory_ / "outside/canary").c_str(), &canary), 0);
    EXPECT_EQ(canary.st_nlink, 1U);
}

TEST_F(CopiedFilesTest, RefusesPathsThatAreNotBelowAContainer) {
    for (const std::string path : {"", "c1", "/c1/a", "../a", "c1/../a", "c1/./a", "c1/a/"}) {
        test::expect_error([&] { return files_.put(piece(path, S_IFREG | 0644, "x")), 0; },
                           ErrorCode::invalid_argument,
                           "is not the path of a copied file");
    }
    test::expect_error([&] { return files_.put(piece(std::string("c1/a\0b", 6), S_IFREG, "")), 0; },
                       ErrorCode::invalid_argument,
                       "is not the path of a copied file");
}

TEST_F(CopiedFilesTest, RefusesDevicesAndOtherKinds) {
    for (const mode_t kind : {S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK}) {
        test::expect_error([&] { return files_.put(piece("c1/a", kind | 0644U, "")), 0; },
                           ErrorCode::invalid_argument,
                           "neither a directory nor a regular file");
    }
}

TEST_F(CopiedFilesTest, GoWithTheirContainerAndLeaveOthers) {
    files_.put(piece("c1/rootfs/a/b", S_IFREG | 0644, "x"));
    files_.put(piece("c2/rootfs", S_IFDIR | 0755, ""));
    std::filesystem::create_directories(root_ / "foreign");
    files_.remove("c1");
    files_.remove("c1");
    files_.remove("foreign");
    EXPECT_FALSE(std::filesystem::exists(root_ / "c1"));
    EXPECT_TRUE(std::filesystem::exists(root_ / "c2/rootfs"));
    EXPECT_TRUE(std::filesystem::exists(root_ / "foreign"));
}

TEST(FilesystemModules, AreThoseOfTheTypeInTheirOrder) {
    const std::string list = "9p /lib/9pnet.ko\next4 /lib/ext4.ko\n9p /lib/9p.ko\nxfs -\n";
    EXPECT_EQ(modules_for("9p", list), (std::vector<std::string>{"/lib/9pnet.ko", "/lib/9p.ko"}));
    EXPECT_TRUE(modules_for("xfs", list).empty());
    EXPECT_TRUE(modules_for("virtiofs", list).empty());
}

}  // namespace
}  // namespace kata::agent::guest
