#include "pkg/base/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::base {
namespace {

UniqueFd above_standard_streams(UniqueFd fd) {
    if (fd.get() > STDERR_FILENO) {
        return fd;
    }
    UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy.valid()) {
        throw errno_error("create a pipe", "", errno);
    }
    return copy;
}

}  // namespace

Pipe make_pipe(int flags) {
    int fds[2] = {-1, -1};
    if (::pipe2(fds, O_CLOEXEC | flags) != 0) {
        throw errno_error("create a pipe", "", errno);
    }
    UniqueFd read_end(fds[0]);
    UniqueFd write_end(fds[1]);
    return {above_standard_streams(std::move(read_end)),
            above_standard_streams(std::move(write_end))};
}

}  // namespace kata::base
