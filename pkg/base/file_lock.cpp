#include "pkg/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {

namespace {

// A command that deletes the directory of the lock may have removed the file while we waited for
// it: such a lock excludes nobody who comes later.
bool is_still_at(FdRef fd, const std::filesystem::path& path) {
    struct stat held {};
    struct stat found {};
    return ::fstat(fd.get(), &held) == 0 && ::lstat(path.c_str(), &found) == 0 &&
           held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

}  // namespace

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& path, Mode mode) {
    for (;;) {
        UniqueFd fd = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
        const int operation = (mode == Mode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
        if (::flock(fd.get(), operation) != 0) {
            if (errno == EWOULDBLOCK || errno == EINTR) {
                return std::nullopt;
            }
            throw errno_error("lock", path.native(), errno);
        }
        if (is_still_at(fd.ref(), path)) {
            return FileLock(std::move(fd));
        }
    }
}

FileLock FileLock::acquire(const std::filesystem::path& path, Mode mode, Deadline deadline) {
    constexpr std::chrono::milliseconds kPoll{5};
    for (;;) {
        if (auto lock = try_acquire(path, mode)) {
            return std::move(*lock);
        }
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout,
                        "cannot lock \"" + path.native() +
                            "\": another command holds it; wait for it to end and try again");
        }
        std::this_thread::sleep_for(kPoll);
    }
}

}  // namespace kata::base
