#include "pkg/agent/protocol/greeting.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::agent {
namespace {

constexpr std::string_view kGreetingMagic = "KATAGREETING";
constexpr std::string_view kEchoMagic = "KATAWELCOMES";
constexpr std::size_t kMagicSize = 12;
static_assert(kGreetingMagic.size() == kMagicSize && kEchoMagic.size() == kMagicSize);
static_assert(kMagicSize + 2 * sizeof(std::uint16_t) + sizeof(Nonce) == kGreetingSize);

void append_u16(std::string& frame, std::uint16_t value) {
    frame.push_back(static_cast<char>(value >> 8));
    frame.push_back(static_cast<char>(value & 0xff));
}

std::uint16_t u16_at(const std::string& frame, std::size_t offset) {
    const auto high = static_cast<unsigned char>(frame[offset]);
    const auto low = static_cast<unsigned char>(frame[offset + 1]);
    return static_cast<std::uint16_t>(high << 8 | low);
}

std::string encode(std::string_view magic, const Greeting& greeting) {
    std::string frame(magic);
    append_u16(frame, greeting.version.major);
    append_u16(frame, greeting.version.minor);
    frame.append(greeting.nonce.begin(), greeting.nonce.end());
    return frame;
}

Greeting decode(const std::string& frame) {
    Greeting greeting;
    greeting.version = {u16_at(frame, kMagicSize), u16_at(frame, kMagicSize + 2)};
    std::copy_n(frame.begin() + kMagicSize + 4, greeting.nonce.size(), greeting.nonce.begin());
    return greeting;
}

// Drops bytes from the front until what is left may be the beginning of a frame.
void resynchronize(std::string& window, std::string_view magic) {
    const auto may_begin_a_frame = [&](std::size_t offset) {
        const std::size_t known = std::min(window.size() - offset, magic.size());
        return window.compare(offset, known, magic, 0, known) == 0;
    };
    std::size_t offset = 0;
    while (!may_begin_a_frame(offset)) {
        ++offset;
    }
    window.erase(0, offset);
}

void wait_for(base::FdRef connection, short events, base::Deadline deadline) {
    pollfd polled{connection.get(), events, 0};
    for (;;) {
        const int ready = ::poll(&polled, 1, static_cast<int>(deadline.remaining().count()));
        if (ready > 0) {
            return;
        }
        if (ready < 0 && errno != EINTR) {
            throw base::errno_error("wait for", "kata-agent", errno);
        }
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout,
                              "cannot greet kata-agent: no answer from the guest in time");
        }
    }
}

[[noreturn]] void throw_hung_up() {
    throw base::Error(base::ErrorCode::unavailable,
                      "cannot greet kata-agent: the guest closed the connection");
}

bool is_hang_up(int error_number) {
    return error_number == EPIPE || error_number == ECONNRESET;
}

Greeting read_greeting(base::FdRef connection, base::Deadline deadline) {
    FrameScanner scanner(FrameScanner::Kind::greeting);
    std::array<char, kGreetingSize> buffer{};
    for (;;) {
        wait_for(connection, POLLIN, deadline);
        const ssize_t count = ::read(connection.get(), buffer.data(), scanner.wanted());
        if (count == 0 || (count < 0 && is_hang_up(errno))) {
            throw_hung_up();
        }
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            throw base::errno_error("read from", "kata-agent", errno);
        }
        if (count > 0 && scanner.feed(buffer.data(), static_cast<std::size_t>(count))) {
            return scanner.found();
        }
    }
}

void write_echo(base::FdRef connection, const Greeting& echo, base::Deadline deadline) {
    const std::string frame = encode_echo(echo);
    std::string_view pending = frame;
    while (!pending.empty()) {
        wait_for(connection, POLLOUT, deadline);
        const ssize_t count =
            ::send(connection.get(), pending.data(), pending.size(), MSG_NOSIGNAL);
        if (count < 0 && is_hang_up(errno)) {
            throw_hung_up();
        }
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            throw base::errno_error("write to", "kata-agent", errno);
        }
        pending.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

}  // namespace

std::string encode_greeting(const Greeting& greeting) {
    return encode(kGreetingMagic, greeting);
}

std::string encode_echo(const Greeting& greeting) {
    return encode(kEchoMagic, greeting);
}

std::size_t FrameScanner::wanted() const {
    return kGreetingSize - window_.size();
}

bool FrameScanner::feed(const char* data, std::size_t size) {
    const std::string_view magic = kind_ == Kind::greeting ? kGreetingMagic : kEchoMagic;
    window_.append(data, size);
    resynchronize(window_, magic);
    if (window_.size() < kGreetingSize) {
        return false;
    }
    found_ = decode(window_);
    // Whoever does not accept this frame goes on scanning: a frame that was cut short holds the
    // beginning of the next one.
    window_.erase(0, 1);
    resynchronize(window_, magic);
    return true;
}

ProtocolVersion greet_guest(base::FdRef connection, base::Deadline deadline) {
    const Greeting greeting = read_greeting(connection, deadline);
    if (greeting.version.major != kProtocolVersion.major) {
        throw base::Error(base::ErrorCode::unsupported,
                          "cannot talk to kata-agent: it speaks protocol version " +
                              std::to_string(greeting.version.major) + ", this program version " +
                              std::to_string(kProtocolVersion.major) +
                              "; install kata-runtime and its guest image together");
    }
    write_echo(connection, {kProtocolVersion, greeting.nonce}, deadline);
    return greeting.version;
}

}  // namespace kata::agent
