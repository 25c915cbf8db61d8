#include "pkg/sandbox/volumes/filesystem_maker.h"

#include <sys/stat.h>

#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

#include "pkg/sandbox/volumes/filesystem_size.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::uintmax_t kSize = std::uintmax_t{32} << 20;

class FilesystemMakerTest : public testing::Test {
  protected:
    FilesystemMakerTest() {
        directory_.write("image", "");
        fs::resize_file(image(), kSize);
    }
    [[nodiscard]] fs::path image() const { return directory_ / "image"; }
    [[nodiscard]] bool make(const std::string& type, int seconds = 60) const {
        return make_filesystem(image(), type, base::Deadline::after(std::chrono::seconds(seconds)));
    }
    void write_at(std::uintmax_t offset, const std::string& bytes) const {
        std::fstream file(image(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(offset));
        file << bytes;
    }
    void expect_untouched_and_refused(const std::string& words) const {
        const std::string before = test::content_of(image());
        test::expect_error([&] { return make("ext4"); }, ErrorCode::invalid_state, words);
        EXPECT_TRUE(test::content_of(image()) == before);
    }

    test::TemporaryDirectory directory_;
};

TEST_F(FilesystemMakerTest, MakesOneOnceOnAnEmptyFile) {
    EXPECT_TRUE(make("ext4"));
    EXPECT_EQ(filesystem_size(image()), kSize);
    const std::string before = test::content_of(image());
    EXPECT_FALSE(make("ext4"));
    EXPECT_FALSE(make("ext2")) << "the same family";
    EXPECT_TRUE(test::content_of(image()) == before);
}

TEST_F(FilesystemMakerTest, LeavesAnotherFileSystemAlone) {
    write_at(0, "XFSB");
    expect_untouched_and_refused("it has one of type xfs already, not ext4");
}

TEST_F(FilesystemMakerTest, LeavesDataAtTheBeginningAlone) {
    write_at(kEmptyEdge - 1, "x");
    expect_untouched_and_refused("it is not empty");
}

TEST_F(FilesystemMakerTest, LeavesDataAtTheEndAlone) {
    write_at(kSize - 1, "x");
    expect_untouched_and_refused("it is not empty");
}

TEST_F(FilesystemMakerTest, KeepsTheBlocksOfAFileThatHasThemAll) {
    directory_.write("image", std::string(kSize, '\0'));
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(::stat(image().c_str(), &before), 0);
    EXPECT_TRUE(make("ext4"));
    ASSERT_EQ(::stat(image().c_str(), &after), 0);
    EXPECT_GE(after.st_blocks, before.st_blocks);
}

TEST_F(FilesystemMakerTest, LeavesADeviceEmptyThatIsTooSmall) {
    fs::resize_file(image(), 4096);
    test::expect_error([&] { return make("ext4"); }, ErrorCode::invalid_state, "cannot make");
    EXPECT_EQ(test::content_of(image()), std::string(4096, '\0'));
}

TEST_F(FilesystemMakerTest, NamesTheProgramThatIsMissing) {
    test::expect_error([&] { return make("extra"); }, ErrorCode::unsupported, "no mkfs.extra");
    EXPECT_EQ(filesystem_family(image()), std::nullopt);
}

}  // namespace
}  // namespace kata::sandbox
