#include "pkg/agent/guest/port_session.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kRelayBytes = std::size_t{64} << 10;
constexpr int kStepsPerTurn = 16;  // then other ports have their turn

bool would_block(int error_number) {
    return error_number == EAGAIN || error_number == EINTR;
}

Nonce fresh_nonce() {
    Nonce nonce{};
    // The nonce tells conversations apart, it keeps no secret: a guest that boots need not wait for
    // entropy.
    if (::getrandom(nonce.data(), nonce.size(), GRND_INSECURE) !=
        static_cast<ssize_t>(nonce.size())) {
        throw base::errno_error("read", "random bytes", errno);
    }
    return nonce;
}

// What a client left behind before the greeting is nobody's.
void discard_input(base::FdRef device) {
    std::array<char, 4096> rubbish{};
    while (::read(device.get(), rubbish.data(), rubbish.size()) > 0) {
    }
}

std::pair<base::UniqueFd, base::UniqueFd> make_stream_pair() {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
        throw base::errno_error("create", "a socket pair", errno);
    }
    return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

}  // namespace

GuestGreeting::GuestGreeting() : nonce_(fresh_nonce()) {
    to_send_ = encode_greeting({kProtocolVersion, nonce_});
}

GuestGreeting::Progress GuestGreeting::advance(base::FdRef device) {
    while (!to_send_.empty()) {
        const ssize_t count = ::write(device.get(), to_send_.data(), to_send_.size());
        if (count <= 0) {
            return count == 0 || would_block(errno) ? Progress::blocked : Progress::hung_up;
        }
        to_send_.erase(0, static_cast<std::size_t>(count));
    }
    std::array<char, kGreetingSize> buffer{};
    for (;;) {
        const ssize_t count = ::read(device.get(), buffer.data(), scanner_.wanted());
        if (count <= 0) {
            return count < 0 && would_block(errno) ? Progress::blocked : Progress::hung_up;
        }
        if (scanner_.feed(buffer.data(), static_cast<std::size_t>(count)) &&
            scanner_.found().nonce == nonce_) {
            return Progress::greeted;
        }
    }
}

Relay::Relay() : buffer_(kRelayBytes) {}

Relay::Progress Relay::fill(base::FdRef source) {
    // A virtio port gives one page per read, whatever is asked for.
    while (end_ < buffer_.size()) {
        const ssize_t count = ::read(source.get(), buffer_.data() + end_, buffer_.size() - end_);
        if (count < 0 && would_block(errno)) {
            break;
        }
        if (count <= 0) {
            return end_ > begin_ ? Progress::moved : Progress::source_ended;
        }
        end_ += static_cast<std::size_t>(count);
    }
    return end_ > begin_ ? Progress::moved : Progress::blocked;
}

Relay::Progress Relay::step(base::FdRef source, base::FdRef sink) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        const Progress filled = fill(source);
        if (filled != Progress::moved) {
            return filled;
        }
    }
    const ssize_t count = ::write(sink.get(), buffer_.data() + begin_, end_ - begin_);
    if (count < 0 && !would_block(errno)) {
        return Progress::sink_ended;
    }
    if (count <= 0) {
        return Progress::blocked;
    }
    begin_ += static_cast<std::size_t>(count);
    return Progress::moved;
}

PortSession::PortSession(EventLoop& loop, base::UniqueFd device, ConnectionHandler on_connection)
    : loop_(loop), device_(std::move(device)), on_connection_(std::move(on_connection)) {
    // Edges, because EPOLLHUP is permanent while no client is connected.
    watch_ = loop_.watch(device_.ref(),
                         EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                         [this](std::uint32_t events) { handle_device(events); });
}

void PortSession::handle_device(std::uint32_t events) {
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        hang_up();
        return;
    }
    if (bridge_) {
        pump();
        return;
    }
    if (!greeting_) {
        begin_greeting();
    }
    advance_greeting();
}

void PortSession::begin_greeting() {
    discard_input(device_.ref());
    greeting_ = std::make_unique<GuestGreeting>();
}

void PortSession::advance_greeting() {
    if (greeting_ && greeting_->advance(device_.ref()) == GuestGreeting::Progress::greeted) {
        begin_bridge();
    }
}

void PortSession::begin_bridge() {
    greeting_.reset();
    auto [ours, servers] = make_stream_pair();
    bridge_ = std::make_unique<Bridge>();
    bridge_->socket = std::move(ours);
    bridge_->watch = loop_.watch(bridge_->socket.ref(),
                                 EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 [this](std::uint32_t) { pump(); });
    on_connection_(std::move(servers));
    pump();
}

void PortSession::pump() {
    for (int step = 0; step < kStepsPerTurn && bridge_; ++step) {
        const auto in = bridge_->to_socket.step(device_.ref(), bridge_->socket.ref());
        const auto out = bridge_->to_device.step(bridge_->socket.ref(), device_.ref());
        if (in == Relay::Progress::sink_ended || out == Relay::Progress::source_ended) {
            // The server ended the conversation. A port cannot be closed towards the host, but a
            // greeting in the middle of it is an error to any gRPC client, which then hangs up.
            bridge_.reset();
            begin_greeting();
            advance_greeting();
            return;
        }
        if (in != Relay::Progress::moved && out != Relay::Progress::moved) {
            return;
        }
    }
    pump_later();
}

void PortSession::pump_later() {
    if (std::exchange(turn_posted_, true)) {
        return;
    }
    loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) {
            return;
        }
        turn_posted_ = false;
        if (bridge_) {
            pump();
        }
    });
}

void PortSession::hang_up() {
    bridge_.reset();
    greeting_.reset();
    discard_input(device_.ref());
}

}  // namespace kata::agent::guest
