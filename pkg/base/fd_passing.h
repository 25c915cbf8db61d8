// Messages with file descriptors over unix sockets (SCM_RIGHTS).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/unique_fd.h"

namespace kata::base {

struct FdMessage {
    std::string data;
    std::vector<UniqueFd> fds;
};

/// One sendmsg: `data` (at least one byte) and, if any, exactly one control message with all of
/// `fds`.
/// @throws Error by errno; no SIGPIPE is raised.
void send_message(FdRef socket, std::string_view data, const std::vector<FdRef>& fds = {});

/// One recvmsg of at most `max_bytes`, descriptors O_CLOEXEC. nullopt when the peer has closed.
[[nodiscard]] std::optional<FdMessage> receive_message(FdRef socket,
                                                       std::size_t max_bytes = std::size_t{1}
                                                                               << 20);

/// A connected pair of SOCK_SEQPACKET unix sockets, O_CLOEXEC.
struct SocketPair {
    UniqueFd first;
    UniqueFd second;
};
[[nodiscard]] SocketPair make_socket_pair();

/// Connects a SOCK_STREAM socket to the unix socket at `path`, which may be longer than the 107
/// bytes of a socket address. @throws Error naming the path.
[[nodiscard]] UniqueFd connect_unix(const std::string& path);

}  // namespace kata::base
