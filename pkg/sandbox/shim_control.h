// The messages between kata-runtime and the kata-shim it has cloned, over a SOCK_SEQPACKET socket
// pair (the shim's descriptor 3). One request, one reply, in this order: mount, pivot, relay. An
// end of file instead of a request means that kata-runtime died: the shim exits with 1.
//
// Values only; sending is base/fd_passing.h. The order of steps is that of design section 4.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace kata::sandbox {

/// One mount of the spec as the shim sees it: the same tree that the container sees, so that an
/// engine's `cp` into /proc/<shim>/root lands in the container and nowhere else.
struct ShimMount {
    std::string source;       // host path for a bind; ignored for tmpfs and proc
    std::string destination;  // in the container
    std::string type;         // "bind", "tmpfs" or "proc"
    bool read_only = false;
};

/// Builds the container's tree in the shim's mount namespace (shim-recipe step 7).
struct ShimMountRequest {
    std::string rootfs;  // host path
    std::vector<ShimMount> mounts;
    bool read_only_root = false;  // applied after the pivot
    bool empty_root = false;      // an empty file system in memory in place of what is at rootfs
};

/// Makes that tree `/` (step 9).
struct ShimPivotRequest {};

/// Becomes the relay of one process; the message carries as descriptors the greeted connection, the
/// locked lock file if there is one, and the cgroup directory if it is announced (step 10).
struct ShimRelayRequest {
    std::string container_id;
    std::string exec_id;  // empty: the container's init
    bool terminal = false;
    bool memory_cgroup = false;  // the last descriptor is where the shim's memory is accounted
    bool resolver =
        false;  // containers may ask the engine's resolver in the shim's network namespace
};

using ShimRequest = std::variant<ShimMountRequest, ShimPivotRequest, ShimRelayRequest>;

/// Empty error: done.
struct ShimReply {
    std::string error;
};

[[nodiscard]] std::string to_json_text(const ShimRequest& request);
[[nodiscard]] std::string to_json_text(const ShimReply& reply);

/// @throws base::Error invalid_argument for anything that is not such a message.
[[nodiscard]] ShimRequest parse_shim_request(const std::string& text);
[[nodiscard]] ShimReply parse_shim_reply(const std::string& text);

/// The descriptor number on which a kata-shim finds its end of the socket pair.
inline constexpr int kShimControlFd = 3;

}  // namespace kata::sandbox
