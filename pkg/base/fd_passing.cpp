#include "pkg/base/fd_passing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {
namespace {

constexpr std::size_t kMaxFds = 16;

std::vector<UniqueFd> take_fds(msghdr& header) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
         control = CMSG_NXTHDR(&header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

}  // namespace

void send_message(FdRef socket, std::string_view data, const std::vector<FdRef>& fds) {
    if (fds.size() > kMaxFds) {
        throw Error(ErrorCode::invalid_argument, "cannot send a message: too many descriptors");
    }
    iovec vector{const_cast<char*>(data.data()), data.size()};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))] = {};
    if (!fds.empty()) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* message = CMSG_FIRSTHDR(&header);
        message->cmsg_level = SOL_SOCKET;
        message->cmsg_type = SCM_RIGHTS;
        message->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        for (std::size_t i = 0; i < fds.size(); ++i) {
            const int fd = fds[i].get();
            std::memcpy(CMSG_DATA(message) + i * sizeof(int), &fd, sizeof fd);
        }
    }
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(socket.get(), &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        throw errno_error("send a message", "", errno);
    }
}

std::optional<FdMessage> receive_message(FdRef socket, std::size_t max_bytes) {
    FdMessage message;
    message.data.resize(max_bytes);
    iovec vector{message.data.data(), message.data.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t count = 0;
    do {
        count = ::recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == ECONNRESET) {
        return std::nullopt;
    }
    if (count < 0) {
        throw errno_error("receive a message", "", errno);
    }
    message.fds = take_fds(header);
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        throw Error(ErrorCode::invalid_argument, "cannot receive a message: it is too long");
    }
    if (count == 0) {
        return std::nullopt;
    }
    message.data.resize(static_cast<std::size_t>(count));
    return message;
}

SocketPair make_socket_pair() {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        throw errno_error("create a socket pair", "", errno);
    }
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

UniqueFd connect_unix(const std::string& path) {
    sockaddr_un address{};
    // A longer path is reached through a descriptor of its directory.
    const UniqueFd directory =
        path.size() < sizeof address.sun_path
            ? UniqueFd()
            : open_file(std::filesystem::path(path).parent_path(), O_PATH | O_DIRECTORY);
    const std::string reached = directory.valid()
                                    ? "/proc/self/fd/" + std::to_string(directory.get()) + "/" +
                                          std::filesystem::path(path).filename().native()
                                    : path;
    address.sun_family = AF_UNIX;
    if (reached.empty() || reached.size() >= sizeof address.sun_path) {
        throw errno_error("connect to", path, reached.empty() ? ENOENT : ENAMETOOLONG);
    }
    std::memcpy(address.sun_path, reached.data(), reached.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        throw errno_error("create a socket for", path, errno);
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw errno_error("connect to", path, errno);
    }
    return socket;
}

}  // namespace kata::base
