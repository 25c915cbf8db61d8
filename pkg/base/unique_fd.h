// UniqueFd owns one file descriptor and closes it; FdRef borrows one and never closes it.
// Functions that keep a descriptor take UniqueFd by value; functions that only use it take FdRef.
#pragma once

#include <utility>

namespace kata::base {

/// A descriptor somebody else owns. Valid only as long as that owner lives.
class FdRef {
  public:
    explicit FdRef(int fd) : fd_(fd) {}
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

/// Sole owner of a descriptor; -1 means "none". Move-only.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] FdRef ref() const noexcept { return FdRef(fd_); }
    [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

    /// Gives the descriptor up without closing it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes now.
    void reset() noexcept;

  private:
    int fd_ = -1;
};

}  // namespace kata::base
