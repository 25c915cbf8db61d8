#include "pkg/sandbox/file_copy.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

/// Keeps what it is sent.
class FakeGuest : public GuestFiles {
  public:
    void copy_files(const std::vector<GuestFilePiece>& sent, base::Deadline /*deadline*/) override {
        std::size_t bytes = 0;
        for (const GuestFilePiece& piece : sent) {
            bytes += piece.data.size();
        }
        EXPECT_LE(bytes, kMostPieceBytes);
        pieces.insert(pieces.end(), sent.begin(), sent.end());
        ++calls;
    }

    [[nodiscard]] const GuestFilePiece& at(const std::string& path) const {
        const auto found = std::ranges::find(pieces, path, &GuestFilePiece::path);
        EXPECT_NE(found, pieces.end()) << path;
        return *found;
    }

    std::vector<GuestFilePiece> pieces;
    unsigned calls = 0;
};

class FileCopyTest : public testing::Test {
  protected:
    FileCopy copy(CopyLimits limits = {}) {
        return {guest_, std::chrono::milliseconds(1000), limits};
    }

    std::vector<std::string> paths() const {
        std::vector<std::string> all;
        for (const GuestFilePiece& piece : guest_.pieces) {
            all.push_back(piece.path);
        }
        return all;
    }

    test::TemporaryDirectory directory_;
    FakeGuest guest_;
};

TEST_F(FileCopyTest, SendsATreeWithTheParentsFirst) {
    directory_.write("rootfs/bin/sh", "shell");
    ::chmod((directory_ / "rootfs/bin/sh").c_str(), 04751);
    ASSERT_EQ(::symlink("/nowhere", (directory_ / "rootfs/link").c_str()), 0);
    FileCopy files = copy();
    files.add(directory_ / "rootfs", "c1/rootfs");
    EXPECT_EQ(guest_.calls, 0U);
    files.finish();
    EXPECT_EQ(guest_.calls, 1U);
    EXPECT_THAT(
        paths(),
        UnorderedElementsAre("c1/rootfs", "c1/rootfs/bin", "c1/rootfs/bin/sh", "c1/rootfs/link"));
    EXPECT_EQ(paths().front(), "c1/rootfs");
    EXPECT_EQ(guest_.at("c1/rootfs/bin/sh").mode, S_IFREG | 04751U);
    EXPECT_EQ(guest_.at("c1/rootfs/bin/sh").data, "shell");
    EXPECT_EQ(guest_.at("c1/rootfs/link").mode & S_IFMT, static_cast<mode_t>(S_IFLNK));
    EXPECT_EQ(guest_.at("c1/rootfs/link").data, "/nowhere");
}

TEST_F(FileCopyTest, CutsLargeFilesAndGathersSmallOnes) {
    directory_.write("large", std::string(kMostPieceBytes + 10, 'x'));
    FileCopy files = copy();
    files.add(directory_ / "large", "c1/volumes/0");
    files.finish();
    ASSERT_EQ(guest_.pieces.size(), 2U);
    EXPECT_EQ(guest_.pieces[0].offset, 0U);
    EXPECT_EQ(guest_.pieces[0].data.size(), kMostPieceBytes);
    EXPECT_EQ(guest_.pieces[1].offset, kMostPieceBytes);
    EXPECT_EQ(guest_.pieces[1].data, std::string(10, 'x'));
    for (int i = 0; i < 100; ++i) {
        directory_.write("small/" + std::to_string(i), "x");
    }
    guest_.calls = 0;
    files.add(directory_ / "small", "c1/volumes/1");
    files.finish();
    EXPECT_EQ(guest_.calls, 1U);
}

TEST_F(FileCopyTest, SendsAnEmptyFileAndOneThatEndsWithAPiece) {
    directory_.write("empty", "");
    directory_.write("whole", std::string(kMostPieceBytes, 'x'));
    FileCopy files = copy();
    files.add(directory_ / "empty", "c1/empty");
    files.add(directory_ / "whole", "c1/whole");
    files.finish();
    EXPECT_THAT(paths(), ElementsAre("c1/empty", "c1/whole"));
}

TEST_F(FileCopyTest, SendsAFileWithSeveralNamesOnce) {
    directory_.write("tree/a", "content");
    ASSERT_EQ(::link((directory_ / "tree/a").c_str(), (directory_ / "tree/b").c_str()), 0);
    FileCopy files = copy();
    files.add(directory_ / "tree", "c1/rootfs");
    files.finish();
    const auto& a = guest_.at("c1/rootfs/a");
    const auto& b = guest_.at("c1/rootfs/b");
    EXPECT_NE(a.link_of.empty(), b.link_of.empty());
    EXPECT_EQ(a.data + b.data, "content");
    EXPECT_EQ(a.link_of + b.link_of, a.link_of.empty() ? a.path : b.path);
}

TEST_F(FileCopyTest, LeavesOutWhatHasNoPlaceInACopy) {
    directory_.write("tree/file", "x");
    ASSERT_EQ(::mkfifo((directory_ / "tree/fifo").c_str(), 0600), 0);
    FileCopy files = copy();
    files.add(directory_ / "tree", "c1/rootfs");
    files.finish();
    EXPECT_EQ(files.left_out(), 1U);
    EXPECT_THAT(paths(), ElementsAre("c1/rootfs", "c1/rootfs/file"));
}

TEST_F(FileCopyTest, FollowsNoSymlinkOutOfTheTree) {
    directory_.write("outside/secret", "secret");
    directory_.write("tree/file", "x");
    ASSERT_EQ(::symlink((directory_ / "outside").c_str(), (directory_ / "tree/out").c_str()), 0);
    FileCopy files = copy();
    files.add(directory_ / "tree", "c1/rootfs");
    files.finish();
    EXPECT_THAT(paths(), UnorderedElementsAre("c1/rootfs", "c1/rootfs/file", "c1/rootfs/out"));
}

TEST_F(FileCopyTest, HasLimitsThatItNames) {
    directory_.write("tree/a/b/c", std::string(2048, 'x'));
    CopyLimits few;
    few.files = 3;
    CopyLimits small;
    small.bytes = 2047;
    CopyLimits flat;
    flat.depth = 2;
    const auto add = [&](CopyLimits limits) {
        return [this, limits] {
            FileCopy files = copy(limits);
            files.add(directory_ / "tree", "c1/rootfs");
            return 0;
        };
    };
    test::expect_error(add(few), ErrorCode::unsupported, "more than 3 files; use shared_fs");
    test::expect_error(add(small), ErrorCode::unsupported, "more than 0 MiB; use shared_fs");
    test::expect_error(add(flat), ErrorCode::unsupported, "too deep");
    EXPECT_NO_THROW(add({})());
}

TEST_F(FileCopyTest, NamesASourceThatIsNotThere) {
    FileCopy files = copy();
    test::expect_error([&] { return files.add(directory_ / "none", "c1/rootfs"), 0; },
                       ErrorCode::not_found,
                       "none");
}

TEST_F(FileCopyTest, CarriesExtendedAttributes) {
    directory_.write("file", "x");
    if (::setxattr((directory_ / "file").c_str(), "trusted.kata", "value", 5, 0) != 0) {
        GTEST_SKIP() << "this host does not allow trusted attributes here";
    }
    FileCopy files = copy();
    files.add(directory_ / "file", "c1/volumes/0");
    files.finish();
    EXPECT_EQ(guest_.pieces.at(0).attributes.at("trusted.kata"), "value");
}

}  // namespace
}  // namespace kata::sandbox
