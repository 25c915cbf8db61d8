#include "pkg/agent/guest/process_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/pipe.h"

namespace kata::agent::guest {
namespace {

void set_nonblocking(const base::UniqueFd& fd) {
    if (::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0) {
        throw base::errno_error("set up", "a standard stream", errno);
    }
}

base::Pipe make_pipe_of(unsigned bytes) {
    base::Pipe pipe = base::make_pipe();
    if (bytes > 0 && ::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, bytes) < 0) {
        throw base::errno_error("make a pipe of container_pipe_size", std::to_string(bytes), errno);
    }
    return pipe;
}

}  // namespace

StdioPipes make_stdio_pipes(unsigned bytes) {
    base::Pipe input = make_pipe_of(bytes);
    base::Pipe output = make_pipe_of(bytes);
    base::Pipe error = make_pipe_of(bytes);
    // The flag is of the open file: the process's ends are other files and stay blocking.
    set_nonblocking(input.write_end);
    set_nonblocking(output.read_end);
    set_nonblocking(error.read_end);
    return {
        {std::move(input.read_end), std::move(output.write_end), std::move(error.write_end)},
        {std::move(input.write_end), std::move(output.read_end), std::move(error.read_end), false}};
}

ProcessIo io_of_terminal(base::UniqueFd master) {
    set_nonblocking(master);
    base::UniqueFd copy(::fcntl(master.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) {
        throw base::errno_error("copy", "a terminal's descriptor", errno);
    }
    return {std::move(copy), std::move(master), base::UniqueFd(), true};
}

}  // namespace kata::agent::guest
