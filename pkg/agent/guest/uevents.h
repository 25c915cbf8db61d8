// Messages of the kernel about devices that come, change and go (NETLINK_KOBJECT_UEVENT).
#pragma once

#include <functional>
#include <string_view>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class Uevents {
  public:
    /// Text as the kernel sends it: "add@/devices/...", then NAME=value, separated by zeros.
    /// Empty: messages were lost.
    using Handler = std::function<void(std::string_view message)>;

    /// @throws base::Error if the kernel does not give the socket.
    Uevents(EventLoop& loop, Handler handler);

  private:
    void receive();

    Handler handler_;
    base::UniqueFd socket_;
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
