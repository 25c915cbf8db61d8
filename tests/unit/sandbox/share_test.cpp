// What a share takes from the host; the mounts themselves are the business of
// tests/bats/hostile.bats and rootfs.bats.
#include "pkg/sandbox/share.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "pkg/sandbox/journal.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;

TEST(Share, RefusesASourceIntoWhosePathASymlinkHasBeenPut) {
    const test::TemporaryDirectory directory;
    const fs::path volume = directory.path() / "volume";
    fs::create_directories(volume / "data");
    fs::create_directory_symlink("volume", directory.path() / "link");
    const Share share(directory.path() / "shares", "c1");
    Journal journal(directory.path() / "journal", "c1");
    for (const char* name : {"link", "link/data"}) {
        test::expect_error(
            [&] {
                static_cast<void>(
                    share.bind(journal, {.path = directory.path() / name}, "c1/volumes/0"));
            },
            base::ErrorCode::invalid_state,
            "a symlink has been put into its path");
    }
    EXPECT_FALSE(fs::exists(share.directory()));
}

TEST(Share, MakesNoMountPointInARootThatHasBecomeASymlink) {
    const test::TemporaryDirectory directory;
    fs::create_directory(directory.path() / "outside");
    fs::create_directory_symlink("outside", directory.path() / "rootfs");
    test::expect_error([&] { make_mount_point(directory.path() / "rootfs", "/made", false); },
                       base::ErrorCode::invalid_state,
                       "a symlink has been put into its path");
    EXPECT_TRUE(fs::is_empty(directory.path() / "outside"));
}

}  // namespace
}  // namespace kata::sandbox
