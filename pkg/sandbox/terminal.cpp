#include "pkg/sandbox/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include <array>
#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

base::UniqueFd open_slave(const base::UniqueFd& master) {
    std::array<char, 64> name{};
    if (::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
        throw base::errno_error("set up a pseudo-terminal", "", errno);
    }
    return base::open_file(name.data(), O_RDWR | O_NOCTTY);
}

void make_raw(const base::UniqueFd& slave) {
    termios settings{};
    if (::tcgetattr(slave.get(), &settings) != 0) {
        throw base::errno_error("read the settings of a pseudo-terminal", "", errno);
    }
    ::cfmakeraw(&settings);
    if (::tcsetattr(slave.get(), TCSANOW, &settings) != 0) {
        throw base::errno_error("change the settings of a pseudo-terminal", "", errno);
    }
}

}  // namespace

void require_usable_console(bool terminal,
                            bool detached,
                            const std::filesystem::path& console_socket) {
    if (terminal && detached && console_socket.empty()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot allocate tty if kata-runtime will detach without setting console "
                          "socket; use --console-socket, or set process.terminal to false");
    }
    if (!console_socket.empty() && !(terminal && detached)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use console socket if kata-runtime will not detach or allocate "
                          "tty; leave --console-socket out, or set process.terminal to true");
    }
}

base::UniqueFd open_terminal_for(const std::filesystem::path& console_socket) {
    const auto socket = [&] {
        try {
            return base::connect_unix(console_socket.native());
        } catch (const base::Error& error) {
            throw error.with_context("cannot use the console socket");
        }
    }();
    const base::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master.valid()) {
        throw base::errno_error("open", "/dev/ptmx", errno);
    }
    base::UniqueFd slave = open_slave(master);
    make_raw(slave);
    base::send_message(socket.ref(), "/dev/ptmx", {master.ref()});
    return slave;
}

}  // namespace kata::sandbox
