#include "pkg/agent/shim/stdio.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"

namespace kata::agent {
namespace {

// Waits until `fd` can be read or written. False once `stop` is readable.
bool wait_for(base::FdRef fd, short events, base::FdRef stop) {
    for (;;) {
        pollfd waiting[] = {{fd.get(), events, 0}, {stop.get(), POLLIN, 0}};
        const int ready = ::poll(waiting, 2, -1);
        if (ready > 0) {
            return waiting[1].revents == 0;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

}  // namespace

void lead_session() {
    // Fails only for a process that leads a group already, as after the launcher's setsid.
    static_cast<void>(::setsid());
}

void take_terminal(base::FdRef terminal) {
    if (::ioctl(terminal.get(), TIOCSCTTY, 0) != 0) {
        throw base::errno_error("take the container's terminal", "", errno);
    }
    make_raw(terminal);
}

void make_raw(base::FdRef terminal) {
    termios mode{};
    if (::tcgetattr(terminal.get(), &mode) == 0) {
        ::cfmakeraw(&mode);
        ::tcsetattr(terminal.get(), TCSANOW, &mode);
    }
}

std::optional<TerminalSize> terminal_size(base::FdRef terminal) {
    winsize size{};
    if (::ioctl(terminal.get(), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        return std::nullopt;
    }
    return TerminalSize{size.ws_row, size.ws_col};
}

std::size_t read_some(base::FdRef fd, char* buffer, std::size_t size, base::FdRef stop) {
    while (wait_for(fd, POLLIN, stop)) {
        const ssize_t count = ::read(fd.get(), buffer, size);
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (errno != EINTR && errno != EAGAIN) {
            return 0;
        }
    }
    return 0;
}

bool write_everything(base::FdRef fd, std::string_view data, base::FdRef stop) {
    while (!data.empty()) {
        const ssize_t count = ::write(fd.get(), data.data(), data.size());
        if (count >= 0) {
            data.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            if (!wait_for(fd, POLLOUT, stop)) {
                return false;
            }
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace kata::agent
