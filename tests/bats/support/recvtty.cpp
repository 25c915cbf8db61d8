// What an engine does with a console socket, as a program for tests:
//
//     test-recvtty SOCKET FACTS <keys >screen
//
// listens on SOCKET, takes one connection and its one message, writes what came (bytes,
// descriptors, messages after it, the name of the terminal) to FACTS, and then copies standard
// input to the terminal and the terminal to standard output until its other side is closed. A line
// "resize ROWS COLUMNS" of the input is not copied: it sets the terminal's size, as engines do.
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace {

using kata::base::UniqueFd;

UniqueFd accept_on(const char* path) {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener.get(), 4) != 0) {
        throw kata::base::errno_error("listen on", path, errno);
    }
    return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

// @return the terminal's master. The rest of the conversation is counted, there should be none.
UniqueFd receive_terminal(const char* socket, const char* facts) {
    const UniqueFd connection = accept_on(socket);
    auto message = kata::base::receive_message(connection.ref(), 4096);
    if (!message || message->fds.empty()) {
        throw kata::base::Error(kata::base::ErrorCode::internal, "no terminal came");
    }
    int more = 0;
    while (kata::base::receive_message(connection.ref(), 4096)) {
        ++more;
    }
    UniqueFd master = std::move(message->fds.front());
    std::array<char, 64> name{};
    if (::ptsname_r(master.get(), name.data(), name.size()) != 0) {
        throw kata::base::errno_error("name", "the terminal", errno);
    }
    kata::base::write_file_atomically(facts,
                                      "bytes " + std::to_string(message->data.size()) + "\nfds " +
                                          std::to_string(message->fds.size()) + "\nmore " +
                                          std::to_string(more) + "\nname " + name.data() + "\n");
    return master;
}

// Takes the resize lines that the keys begin with out of them.
void resize(const UniqueFd& master, std::string& keys) {
    winsize size{};
    while (std::sscanf(keys.c_str(), "resize %hu %hu", &size.ws_row, &size.ws_col) == 2) {
        ::ioctl(master.get(), TIOCSWINSZ, &size);
        const auto newline = keys.find('\n');
        keys.erase(0, newline == std::string::npos ? newline : newline + 1);
    }
}

void type(const UniqueFd& master, std::string keys) {
    resize(master, keys);
    kata::base::write_all(master.ref(), keys, "the terminal");
}

// True as long as there is more to come.
bool copy_screen(const UniqueFd& master) {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(master.get(), buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    kata::base::write_all(kata::base::FdRef(STDOUT_FILENO),
                          {buffer.data(), static_cast<std::size_t>(count)},
                          "standard output");
    return true;
}

// A test writes to a FIFO and waits for the effect, so a read begins where one of its writes does.
bool copy_keys(const UniqueFd& master) {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    type(master, std::string(buffer.data(), static_cast<std::size_t>(count)));
    return true;
}

void relay(const UniqueFd& master) {
    pollfd waiting[] = {{master.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (::poll(waiting, 2, -1) > 0) {
        if (waiting[0].revents != 0 && !copy_screen(master)) {
            return;
        }
        if (waiting[1].revents != 0 && !copy_keys(master)) {
            waiting[1].fd = -1;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    try {
        relay(receive_terminal(argv[1], argv[2]));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "test-recvtty: %s\n", error.what());
        return 1;
    }
}
