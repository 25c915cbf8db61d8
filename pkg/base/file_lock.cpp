#include "pkg/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& path, Mode mode) {
    UniqueFd fd = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
    const int operation = (mode == Mode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    if (::flock(fd.get(), operation) == 0) {
        return FileLock(std::move(fd));
    }
    if (errno == EWOULDBLOCK || errno == EINTR) {
        return std::nullopt;
    }
    throw errno_error("lock", path.native(), errno);
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
