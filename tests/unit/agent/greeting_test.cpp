#include "pkg/agent/protocol/greeting.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent {
namespace {

Greeting greeting_with(unsigned char seed) {
    Greeting greeting;
    greeting.version = kProtocolVersion;
    greeting.nonce.fill(seed);
    return greeting;
}

struct StreamPair {
    base::UniqueFd host;
    base::UniqueFd guest;
};

StreamPair make_streams() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

std::string read_exactly(base::FdRef fd, std::size_t size) {
    std::string data(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = ::read(fd.get(), data.data() + done, size - done);
        if (count <= 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    data.resize(done);
    return data;
}

// Feeds as a reader of a descriptor would; the number of bytes taken until a frame was found, 0 if
// none.
std::size_t scan(FrameScanner& scanner, const std::string& stream, std::size_t at_most = 32) {
    std::size_t offset = 0;
    while (offset < stream.size()) {
        const std::size_t size = std::min({scanner.wanted(), at_most, stream.size() - offset});
        const bool found = scanner.feed(stream.data() + offset, size);
        offset += size;
        if (found) {
            return offset;
        }
    }
    return 0;
}

base::Deadline soon() {
    return base::Deadline::after(std::chrono::seconds(10));
}

TEST(FrameScanner, FindsAFrameAfterRubbishAndLeavesWhatFollows) {
    const std::string rubbish = "PRI * HTTP/2.0KATAGREEKATAGREETINK";
    FrameScanner scanner(FrameScanner::Kind::greeting);
    EXPECT_EQ(scan(scanner, rubbish + encode_greeting(greeting_with(7)) + "next"),
              rubbish.size() + kGreetingSize);
    EXPECT_EQ(scanner.found().nonce, greeting_with(7).nonce);
    EXPECT_EQ(scanner.found().version, kProtocolVersion);
}

TEST(FrameScanner, FindsAFrameThatArrivesByteByByte) {
    FrameScanner scanner(FrameScanner::Kind::echo);
    const std::string stream = "xKATAW" + encode_echo(greeting_with(1));
    EXPECT_EQ(scan(scanner, stream, 1), stream.size());
}

TEST(FrameScanner, FindsTheFrameAfterOneThatWasCutShort) {
    for (std::size_t cut = 1; cut < kGreetingSize; ++cut) {
        FrameScanner scanner(FrameScanner::Kind::echo);
        const std::string good = encode_echo(greeting_with(9));
        std::string stream = encode_echo(greeting_with(3)).substr(0, cut) + good;
        std::size_t offset = scan(scanner, stream);
        if (offset != 0 && scanner.found().nonce != greeting_with(9).nonce) {
            offset = scan(scanner, stream.substr(offset));
        }
        ASSERT_NE(offset, 0U) << "cut after " << cut << " bytes";
        EXPECT_EQ(scanner.found().nonce, greeting_with(9).nonce) << "cut after " << cut << " bytes";
    }
}

TEST(FrameScanner, FindsAStaleFrameAndThenTheNextOne) {
    FrameScanner scanner(FrameScanner::Kind::echo);
    const std::string stale = encode_echo(greeting_with(3));
    ASSERT_EQ(scan(scanner, stale), stale.size());
    EXPECT_EQ(scanner.found().nonce, greeting_with(3).nonce);
    ASSERT_EQ(scan(scanner, encode_echo(greeting_with(4))), kGreetingSize);
    EXPECT_EQ(scanner.found().nonce, greeting_with(4).nonce);
}

TEST(FrameScanner, DoesNotTakeAGreetingForAnEcho) {
    FrameScanner scanner(FrameScanner::Kind::echo);
    EXPECT_EQ(scan(scanner, encode_greeting(greeting_with(3))), 0U);
}

TEST(GreetGuest, EchoesTheNonceAndReadsNoFurtherThanTheGreeting) {
    const StreamPair streams = make_streams();
    base::write_all(streams.guest.ref(), "stale" + encode_greeting(greeting_with(5)) + "grpc", "");
    EXPECT_EQ(greet_guest(streams.host.ref(), soon()), kProtocolVersion);
    EXPECT_EQ(read_exactly(streams.guest.ref(), kGreetingSize), encode_echo(greeting_with(5)));
    EXPECT_EQ(read_exactly(streams.host.ref(), 4), "grpc");
}

TEST(GreetGuest, RefusesAnotherMajorVersionWithoutAnswering) {
    const StreamPair streams = make_streams();
    Greeting other = greeting_with(5);
    other.version = {2, 0};
    base::write_all(streams.guest.ref(), encode_greeting(other), "");
    try {
        (void)greet_guest(streams.host.ref(), soon());
        FAIL() << "greeted";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    }
    char byte = 0;
    EXPECT_EQ(::recv(streams.guest.get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST(GreetGuest, ReportsAGuestThatHungUp) {
    StreamPair streams = make_streams();
    streams.guest.reset();
    try {
        (void)greet_guest(streams.host.ref(), soon());
        FAIL() << "greeted";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::unavailable);
    }
}

TEST(GreetGuest, GivesUpAtTheDeadline) {
    const StreamPair streams = make_streams();
    try {
        (void)greet_guest(streams.host.ref(), base::Deadline::after(std::chrono::milliseconds(1)));
        FAIL() << "greeted";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::timeout);
    }
}

}  // namespace
}  // namespace kata::agent
