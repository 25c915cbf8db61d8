// Socket: one rtnetlink conversation with the network namespace it was opened in, whatever the
// namespace of the thread that uses it. Not thread-safe. It knows requests, replies and errors, not
// what they mean (links.h, addresses.h, routes.h, traffic.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "pkg/base/netlink/message.h"
#include "pkg/base/unique_fd.h"

namespace kata::netlink {

class Socket {
  public:
    /// In the namespace of the calling thread. @throws base::Error
    Socket();
    /// In another namespace, an open /proc/<pid>/ns/net or the like. No thread of the caller ever
    /// enters it. @throws base::Error
    explicit Socket(base::FdRef network_namespace);

    /// Sends the request and waits for the kernel's answer.
    /// @throws base::Error "cannot <operation> "<object>": ...", with the kernel's own words if it
    /// has any.
    void request(Message message, std::string_view operation, std::string_view object);

    /// Calls `each` for every object of a NLM_F_DUMP request; a dump that changes under way is
    /// begun again by the caller's next call, not here. @throws base::Error
    void dump(Message message,
              std::string_view operation,
              const std::function<void(const nlmsghdr&)>& each);

    [[nodiscard]] base::FdRef fd() const { return fd_.ref(); }

  private:
    void send(Message& message, std::string_view operation, std::string_view object);
    void receive(std::string_view operation,
                 std::string_view object,
                 const std::function<void(const nlmsghdr&)>& each);

    base::UniqueFd fd_;
    std::uint32_t sequence_ = 0;
};

/// Opens a netlink socket of the calling thread's namespace. @param groups multicast groups to
/// join, a RTMGRP_... mask.
[[nodiscard]] base::UniqueFd open_netlink_socket(std::uint32_t groups);

}  // namespace kata::netlink
