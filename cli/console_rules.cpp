#include "cli/console_rules.h"

#include "pkg/base/error.h"

namespace kata::cli {

void require_usable_console(bool terminal,
                            bool detach,
                            const std::filesystem::path& console_socket) {
    if (terminal && detach && console_socket.empty()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot allocate tty if kata-runtime will detach without setting console "
                          "socket; use --console-socket, or set process.terminal to false");
    }
    if (!console_socket.empty() && !(terminal && detach)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use console socket if kata-runtime will not detach or allocate "
                          "tty; leave --console-socket out, or set process.terminal to true");
    }
}

}  // namespace kata::cli
