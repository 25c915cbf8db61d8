#include "pkg/base/file_lock.h"

#include <chrono>
#include <optional>
#include <thread>

#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

using Mode = FileLock::Mode;
using Lock = DirectoryTest;

TEST_F(Lock, ExcludesOthersUntilItEnds) {
    auto first = FileLock::try_acquire(dir_ / "lock", Mode::exclusive);
    ASSERT_TRUE(first);
    EXPECT_FALSE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
    EXPECT_FALSE(FileLock::try_acquire(dir_ / "lock", Mode::shared));
    first.reset();
    EXPECT_TRUE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
}

TEST_F(Lock, IsSharedByReaders) {
    const auto first = FileLock::try_acquire(dir_ / "lock", Mode::shared);
    EXPECT_TRUE(FileLock::try_acquire(dir_ / "lock", Mode::shared));
    EXPECT_FALSE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
}

TEST_F(Lock, TravelsWithItsDescriptor) {
    auto lock = FileLock::try_acquire(dir_ / "lock", Mode::exclusive);
    ASSERT_TRUE(lock);
    UniqueFd carried = lock->release();
    lock.reset();
    EXPECT_FALSE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
    carried.reset();
    EXPECT_TRUE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
}

TEST_F(Lock, ThatIsHeldEndsInATimeoutThatNamesIt) {
    const auto held = FileLock::try_acquire(dir_ / "lock", Mode::exclusive);
    expect_error(
        [&] {
            (void)FileLock::acquire(
                dir_ / "lock", Mode::exclusive, Deadline::after(std::chrono::milliseconds(20)));
        },
        ErrorCode::timeout,
        (dir_ / "lock").native());
}

TEST_F(Lock, IsWaitedFor) {
    auto held = FileLock::try_acquire(dir_ / "lock", Mode::exclusive);
    std::thread release([&] { held.reset(); });
    EXPECT_NO_THROW((void)FileLock::acquire(dir_ / "lock", Mode::exclusive, soon_enough()));
    release.join();
}

TEST_F(Lock, OnARemovedFileDoesNotExcludeANewOne) {
    const auto old = FileLock::try_acquire(dir_ / "lock", Mode::exclusive);
    std::filesystem::remove(dir_ / "lock");
    EXPECT_TRUE(FileLock::try_acquire(dir_ / "lock", Mode::exclusive));
}

TEST_F(Lock, IsAlwaysOnTheFileThatIsThereWhileOthersRemoveIt) {
    int holders = 0;
    const auto compete = [&] {
        for (int i = 0; i < 300; ++i) {
            const auto lock = FileLock::acquire(dir_ / "lock", Mode::exclusive, soon_enough());
            EXPECT_EQ(__atomic_add_fetch(&holders, 1, __ATOMIC_SEQ_CST), 1);
            __atomic_sub_fetch(&holders, 1, __ATOMIC_SEQ_CST);
            std::filesystem::remove(dir_ / "lock");
        }
    };
    std::thread other(compete);
    compete();
    other.join();
}

TEST_F(Lock, RefusesASymlinkAndAMissingDirectory) {
    std::filesystem::create_symlink("/tmp", dir_ / "link");
    EXPECT_TRUE(error_of([&] { (void)FileLock::try_acquire(dir_ / "link", Mode::shared); }));
    expect_error([&] { (void)FileLock::try_acquire(dir_ / "n" / "l", Mode::shared); },
                 ErrorCode::not_found,
                 "n/l");
}

}  // namespace
}  // namespace kata::base
