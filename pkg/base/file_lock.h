// FileLock: an flock(2) held for the life of the object. The lock belongs to the open file
// description: passing fd() to another process with SCM_RIGHTS passes the lock too, and it ends
// with the last copy.
#pragma once

#include <filesystem>
#include <optional>

#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"

namespace kata::base {

class FileLock {
  public:
    enum class Mode { shared, exclusive };

    /// Takes the lock on `path` (created 0600 if missing), polling until `deadline`.
    /// @throws Error timeout naming the path; not_found if its directory is missing.
    [[nodiscard]] static FileLock acquire(const std::filesystem::path& path,
                                          Mode mode,
                                          Deadline deadline);

    /// Takes the lock only if it is free now.
    [[nodiscard]] static std::optional<FileLock> try_acquire(const std::filesystem::path& path,
                                                             Mode mode);

    [[nodiscard]] FdRef fd() const { return fd_.ref(); }

    /// The descriptor that carries the lock, for handing it to another process.
    [[nodiscard]] UniqueFd release() { return std::move(fd_); }

  private:
    explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace kata::base
