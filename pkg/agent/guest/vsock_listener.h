// VsockListener: the same conversations over vsock, where the VM has it: one connection each. Loop
// thread only.
#pragma once

#include <list>
#include <memory>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/port_session.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

/// Greets on connected sockets and hands them on; one that hangs up before is dropped.
class GreetingRoom {
  public:
    GreetingRoom(EventLoop& loop, ConnectionHandler on_connection)
        : loop_(loop), on_connection_(std::move(on_connection)) {}

    /// @param connection a non-blocking socket.
    void welcome(base::UniqueFd connection);

  private:
    struct Visitor {
        base::UniqueFd connection;
        GuestGreeting greeting;
        EventLoop::Watch watch;
    };
    using Visitors = std::list<Visitor>;
    void advance(Visitors::iterator visitor);

    EventLoop& loop_;
    ConnectionHandler on_connection_;
    Visitors visitors_;
};

class VsockListener {
  public:
    /// Listens on kVsockPort, or does nothing in a VM without vsock.
    VsockListener(EventLoop& loop, ConnectionHandler on_connection);

  private:
    void accept_all();

    GreetingRoom room_;
    base::UniqueFd listener_;
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
