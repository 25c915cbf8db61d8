// PortSession: the guest's end of one virtio-serial port (or of any stream device that reports the
// other end's absence with EPOLLHUP and comes back). It greets whoever connects on the host, drops
// everything until the greeting is echoed, then carries bytes between the device and a socket it
// makes for gRPC, which cannot use a character device. When the host hangs up, that socket is
// closed, so that gRPC cancels its calls, and the session waits for the next client.
//
// It is not a server: it knows nothing of gRPC. It owns the device. Everything runs on the loop's
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/protocol/greeting.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

/// Takes the server's end of a greeted connection: a non-blocking socket.
using ConnectionHandler = std::function<void(base::UniqueFd connection)>;

/// One greeting from the guest's view, on a non-blocking descriptor. Used by ports and by vsock.
class GuestGreeting {
  public:
    enum class Progress { blocked, greeted, hung_up };

    /// Chooses a nonce.
    GuestGreeting();

    /// Writes and reads what can be done now; never reads past the echo.
    Progress advance(base::FdRef device);

  private:
    std::string to_send_;
    Nonce nonce_;
    FrameScanner scanner_{FrameScanner::Kind::echo};
};

/// One direction of the bridge, with a bounded buffer: reads no more than can be written on.
class Relay {
  public:
    enum class Progress { moved, blocked, source_ended, sink_ended };
    Relay();

    /// Reads until the buffer is full or nothing is there, then writes what it can.
    Progress step(base::FdRef source, base::FdRef sink);

  private:
    [[nodiscard]] Progress fill(base::FdRef source);

    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

class PortSession {
  public:
    PortSession(EventLoop& loop, base::UniqueFd device, ConnectionHandler on_connection);
    PortSession(const PortSession&) = delete;
    PortSession& operator=(const PortSession&) = delete;
    PortSession(PortSession&&) = delete;
    PortSession& operator=(PortSession&&) = delete;
    ~PortSession() = default;

  private:
    struct Bridge {
        base::UniqueFd socket;
        Relay to_socket;
        Relay to_device;
        EventLoop::Watch watch;
    };

    void handle_device(std::uint32_t events);
    void begin_greeting();
    void advance_greeting();
    void begin_bridge();
    void pump();
    void pump_later();
    void hang_up();

    EventLoop& loop_;
    base::UniqueFd device_;
    ConnectionHandler on_connection_;
    std::unique_ptr<GuestGreeting> greeting_;  // set while the echo is awaited
    std::unique_ptr<Bridge> bridge_;           // set while gRPC has the port
    bool turn_posted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for tasks that may outlive us
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
