#include "pkg/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

namespace fs = std::filesystem;
using File = DirectoryTest;

TEST_F(File, IsReadUpToTheLimitAndNotBeyond) {
    write(dir_ / "f", "12345");
    EXPECT_EQ(read_file(dir_ / "f", 5), "12345");
    expect_error([&] { (void)read_file(dir_ / "f", 4); }, ErrorCode::invalid_argument, "larger");
    expect_error([&] { (void)read_file(dir_ / "none"); }, ErrorCode::not_found, "none");
}

TEST_F(File, OfAnotherTypeIsRefusedWithoutWaiting) {
    ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
    for (const fs::path& path : {dir_ / "fifo", dir_, fs::path("/dev/zero")}) {
        expect_error(
            [&] { (void)read_file(path); }, ErrorCode::invalid_argument, "not a regular file");
    }
}

TEST_F(File, OfProcIsReadWhole) {
    const auto status = try_read_file("/proc/self/status");
    ASSERT_TRUE(status);
    EXPECT_THAT(*status, testing::HasSubstr("Pid:"));
    EXPECT_FALSE(try_read_file("/proc/none"));
}

TEST_F(File, OfTheKernelIsWrittenButNeverCreated) {
    write(dir_ / "f", "1234");
    write_existing_file(dir_ / "f", "x");
    EXPECT_EQ(content_of(dir_ / "f"), "x234");
    expect_error([&] { write_existing_file(dir_ / "n", "x"); }, ErrorCode::not_found, "n");
    EXPECT_FALSE(fs::exists(dir_ / "n"));
}

TEST_F(File, ErrorsOfAFullDeviceAreReported) {
    const UniqueFd full = open_file("/dev/full", O_WRONLY);
    expect_error([&] { write_all(full.ref(), "x", "the log"); },
                 ErrorCode::internal,
                 "cannot write \"the log\": no space left on device");
}

TEST_F(File, DirectoriesAreMadeOnceAndAFileInTheWayIsNamed) {
    make_directories(dir_ / "a" / "b", 0711);
    make_directories(dir_ / "a" / "b");
    EXPECT_EQ(fs::status(dir_ / "a").permissions(), fs::perms(0711));
    write(dir_ / "f", "");
    expect_error([&] { make_directories(dir_ / "f" / "x"); }, ErrorCode::invalid_argument, "f");
    expect_error([&] { make_directories(dir_ / "f"); }, ErrorCode::invalid_argument, "f");
}

TEST_F(File, DescriptorsAreClosedOnExec) {
    const UniqueFd fd = open_file(dir_, O_RDONLY);
    EXPECT_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

// To the disk at once or not, a file is replaced in the same way.
using Replace = void (*)(const fs::path&, std::string_view, mode_t);
class FileReplacement : public File, public testing::WithParamInterface<Replace> {};
INSTANTIATE_TEST_SUITE_P(, FileReplacement, testing::Values(&write_file_atomically, &replace_file));

TEST_P(FileReplacement, GivesItsModeAndNothingLeftBeside) {
    write(dir_ / "f", "old");
    GetParam()(dir_ / "f", "new", 0640);
    EXPECT_EQ(content_of(dir_ / "f"), "new");
    EXPECT_EQ(fs::status(dir_ / "f").permissions(), fs::perms(0640));
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_), {}), 1);
}

TEST_P(FileReplacement, ThatFailsKeepsTheContentAndLeavesNothing) {
    fs::create_directory(dir_ / "d");
    write(dir_ / "d" / "inside", "x");
    EXPECT_TRUE(error_of([&] { GetParam()(dir_ / "d", "new", 0600); }));
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_), {}), 1);
    expect_error([&] { GetParam()(dir_ / "none" / "f", "x", 0600); }, ErrorCode::not_found, "none");
}

TEST_P(FileReplacement, OfASymlinkKeepsItsTarget) {
    write(dir_ / "target", "kept");
    fs::create_symlink("target", dir_ / "link");
    GetParam()(dir_ / "link", "new", 0600);
    EXPECT_EQ(content_of(dir_ / "target"), "kept");
    EXPECT_FALSE(fs::is_symlink(dir_ / "link"));
}

TEST(OpenMissingStdio, GivesAClosedDescriptorToDevNullAndLeavesTheOthers) {
    EXPECT_EXIT(
        {
            ::close(STDIN_FILENO);
            ::close(STDOUT_FILENO);
            open_missing_stdio();
            const base::UniqueFd next(::open("/", O_RDONLY | O_CLOEXEC));
            struct stat status {};
            const bool null =
                ::fstat(STDIN_FILENO, &status) == 0 && status.st_rdev == makedev(1, 3);
            ::_exit(null && ::fcntl(STDOUT_FILENO, F_GETFD) == 0 && next.get() > 2 ? 0 : 1);
        },
        testing::ExitedWithCode(0),
        "");
}

}  // namespace
}  // namespace kata::base
