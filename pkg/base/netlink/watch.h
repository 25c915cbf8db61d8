// LinkWatch: notices that links, addresses or routes of a network namespace change. It tells that
// something has changed, not what: whoever is told looks for himself.
#pragma once

#include <chrono>

#include "pkg/base/unique_fd.h"

namespace kata::netlink {

class LinkWatch {
  public:
    /// Of the calling thread's namespace. @throws base::Error
    LinkWatch();
    /// Of another one. @throws base::Error
    explicit LinkWatch(base::FdRef network_namespace);

    /// Waits for a change since the last call (or since the construction).
    /// @return false: none came within `patience`.
    [[nodiscard]] bool wait(std::chrono::milliseconds patience);

    /// Forgets the changes that have been told so far. @return whether there were any.
    bool drain();

    /// Readable when there is a change.
    [[nodiscard]] base::FdRef fd() const { return fd_.ref(); }

  private:
    base::UniqueFd fd_;
};

}  // namespace kata::netlink
