// The bytes that come out of a port before the agent is known to be there: a frame is found in them
// or not, whatever the pieces are in which they arrive, and never more is taken than belongs to it.
#include "pkg/agent/protocol/greeting.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "fuzzing.h"

namespace kata::agent {
namespace {

using fuzz::require;

// How many bytes were taken until a frame was complete; 0: there is none.
std::size_t end_of_frame(std::string_view stream, std::size_t most_at_once, Greeting& found) {
    FrameScanner scanner(FrameScanner::Kind::greeting);
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t count = std::min({scanner.wanted(), most_at_once, stream.size() - at});
        require(count > 0);
        at += count;
        if (scanner.feed(stream.data() + at - count, count)) {
            found = scanner.found();
            return at;
        }
    }
    return 0;
}

void try_scanner(std::string_view stream) {
    Greeting at_once;
    Greeting byte_by_byte;
    const std::size_t end = end_of_frame(stream, kGreetingSize, at_once);
    require(end_of_frame(stream, 1, byte_by_byte) == end);
    if (end != 0) {
        require(encode_greeting(at_once) == stream.substr(end - kGreetingSize, kGreetingSize));
        require(encode_greeting(byte_by_byte) == encode_greeting(at_once));
    }
}

void try_guest(std::string_view stream) {
    constexpr std::size_t kFitsASocket = 4096;
    std::array<int, 2> ends{-1, -1};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const base::UniqueFd host(ends[0]);
    const base::UniqueFd guest(ends[1]);
    base::write_all(guest.ref(), stream.substr(0, kFitsASocket), "the guest's side");
    require(::shutdown(guest.get(), SHUT_WR) == 0);
    const auto deadline = base::Deadline::after(std::chrono::seconds(5));
    require(greet_guest(host.ref(), deadline).major == kProtocolVersion.major);
}

}  // namespace
}  // namespace kata::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kata;
    const std::string_view stream = fuzz::text_of(data, size);
    agent::try_scanner(stream);
    fuzz::expect_done_or_refused([&] { agent::try_guest(stream); });
    return 0;
}
