// The path module against somebody who swaps a directory for a symlink to the outside all the time,
// at least 10,000 times during each of its operations.
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>
#include <utility>

#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"
#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

namespace fs = std::filesystem;

constexpr int kSwaps = 10'000;
constexpr int kLeastCalls = 500;

/// Exchanges two names for as long as it lives.
class Swapper {
  public:
    Swapper(fs::path one, fs::path other)
        : one_(std::move(one)), other_(std::move(other)), thread_([this] { run(); }) {}
    Swapper(const Swapper&) = delete;
    Swapper& operator=(const Swapper&) = delete;
    Swapper(Swapper&&) = delete;
    Swapper& operator=(Swapper&&) = delete;
    ~Swapper() {
        done_ = true;
        thread_.join();
    }

    /// Calls `work` until there were enough swaps. It may fail in the middle of one, with an Error.
    void attack(const std::function<void()>& work) const {
        for (int calls = 0; calls < kLeastCalls || swaps_ < kSwaps; ++calls) {
            ASSERT_TRUE(possible_) << "cannot exchange " << one_ << " and " << other_;
            (void)error_of(work);
        }
    }

  private:
    void run() {
        while (!done_) {
            if (::renameat2(AT_FDCWD, one_.c_str(), AT_FDCWD, other_.c_str(), RENAME_EXCHANGE) ==
                0) {
                ++swaps_;
            } else if (errno != ENOENT) {
                possible_ = false;
            }
        }
    }

    fs::path one_;
    fs::path other_;
    std::atomic<bool> done_ = false;
    std::atomic<bool> possible_ = true;
    std::atomic<int> swaps_ = 0;
    std::thread thread_;  // last: it uses the others
};

// root/d is a directory and root/l a link to `outside`, or the other way round.
class SafePathRace : public DirectoryTest {
  protected:
    SafePathRace() {
        fs::create_directories(in("d"));
        fs::create_directory(outside_);
        write(in("d/name"), "inner");
        write(outside_ / "name", "canary");
        fs::create_symlink(outside_, in("l"));
        root_ = open_file(dir_ / "root", O_PATH | O_DIRECTORY);
        before_ = status_of_outside();
    }
    ~SafePathRace() override {
        EXPECT_EQ(content_of(outside_ / "name"), "canary");
        EXPECT_EQ(std::distance(fs::directory_iterator(outside_), {}), 1);
        EXPECT_EQ(std::distance(fs::directory_iterator(dir_), {}), 2);
        // No entry was made there and taken away again, either.
        EXPECT_EQ(status_of_outside(), before_);
    }

    [[nodiscard]] fs::path in(const std::string& name) const { return dir_ / "root" / name; }

    [[nodiscard]] std::pair<time_t, long> status_of_outside() const {
        struct stat status {};
        EXPECT_EQ(::stat(outside_.c_str(), &status), 0);
        return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    }

    const fs::path outside_ = dir_ / "outside";
    UniqueFd root_;
    std::pair<time_t, long> before_;
};

TEST_F(SafePathRace, OpensNothingOutside) {
    Swapper(in("d"), in("l")).attack([&] {
        const UniqueFd fd = open_in_root(root_.ref(), "d/name", O_RDONLY);
        ASSERT_EQ(content_of(path_of(fd.ref())), "inner");
    });
}

TEST_F(SafePathRace, CreatesNothingOutside) {
    int number = 0;
    Swapper(in("d"), in("l")).attack([&] {
        const std::string name = "d/new" + std::to_string(number++ % 50);
        (void)open_in_root(root_.ref(), name, O_WRONLY | O_CREAT, 0644);
    });
}

TEST_F(SafePathRace, MakesNoDirectoryOutside) {
    int number = 0;
    Swapper(in("d"), in("l")).attack([&] {
        (void)make_directories_in_root(root_.ref(), "d/x" + std::to_string(number++ % 50) + "/y");
    });
}

TEST_F(SafePathRace, MakesNoFileOutside) {
    int number = 0;
    Swapper(in("d"), in("l")).attack([&] {
        (void)make_file_in_root(root_.ref(), "d/x" + std::to_string(number++ % 50) + "/f");
    });
}

TEST_F(SafePathRace, RemovesNothingOutside) {
    // What is removed is made anew each time, beside the place that is attacked; and what a swap in
    // the wrong moment has left of it is set aside.
    int left = 0;
    Swapper(in("t/d"), in("t/l")).attack([&] {
        fs::create_directories(in("next/d/deeper"));
        write(in("next/d/name"), "inner");
        fs::create_symlink(outside_, in("next/l"));
        if (fs::exists(in("t"))) {
            fs::rename(in("t"), in("left" + std::to_string(left++)));
        }
        fs::rename(in("next"), in("t"));
        remove_tree(in("t"));
    });
}

// In a child with a mount namespace of its own: 0 if no mount came to stand outside, 2 if it may
// not mount at all.
int mount_under_attack(const fs::path& root, const fs::path& outside) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return 2;
    }
    const UniqueFd top = open_file(root, O_PATH | O_DIRECTORY);
    bool hidden = false;
    int mounts = 0;
    Swapper(root / "d", root / "l").attack([&] {
        const UniqueFd place = make_directories_in_root(top.ref(), "d/mnt");
        if (mounts < kLeastCalls) {
            ++mounts;
            hidden =
                hidden || ::mount("tmpfs", path_of(place.ref()).c_str(), "tmpfs", 0, nullptr) != 0;
            hidden = hidden || !fs::exists(outside / "mnt" / "name");
        }
    });
    return hidden || testing::Test::HasFailure() ? 1 : 0;
}

TEST_F(SafePathRace, MountsNothingOutside) {
    fs::create_directory(outside_ / "mnt");
    write(outside_ / "mnt" / "name", "canary");
    before_ = status_of_outside();
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        ::_exit(mount_under_attack(dir_ / "root", outside_));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status_of_outside(), before_);
    fs::remove_all(outside_ / "mnt");
    before_ = status_of_outside();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        GTEST_SKIP() << "making a mount needs CAP_SYS_ADMIN";
    }
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace kata::base
