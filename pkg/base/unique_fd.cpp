#include "pkg/base/unique_fd.h"

#include <unistd.h>

namespace kata::base {

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) {
        // close(2) on Linux releases the descriptor whatever it returns; retrying would close a
        // stranger's.
        ::close(std::exchange(fd_, -1));
    }
}

}  // namespace kata::base
