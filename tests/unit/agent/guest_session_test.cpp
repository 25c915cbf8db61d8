#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "pkg/agent/guest/port_session.h"
#include "pkg/agent/guest/vsock_listener.h"
#include "pkg/agent/protocol/greeting.h"
#include "pkg/base/file.h"

#include "guest_support.h"

namespace kata::agent::guest {
namespace {

base::Deadline soon() {
    return base::Deadline::after(std::chrono::seconds(20));
}

// A session whose device is one end of a socket pair; the test is the host at the other.
class PortSessionTest : public testing::Test {
  protected:
    PortSessionTest() {
        StreamPair streams = make_streams();
        host_ = std::move(streams.host);
        thread_.run([&] {
            session_ = std::make_unique<PortSession>(
                thread_.loop, std::move(streams.guest), [this](base::UniqueFd connection) {
                    if (connections_++ == 0) {
                        server_.set_value(std::move(connection));
                    }
                });
        });
    }
    PortSessionTest(const PortSessionTest&) = delete;
    PortSessionTest& operator=(const PortSessionTest&) = delete;
    PortSessionTest(PortSessionTest&&) = delete;
    PortSessionTest& operator=(PortSessionTest&&) = delete;
    ~PortSessionTest() override {
        thread_.run([&] { session_.reset(); });
    }

    base::UniqueFd connect() {
        EXPECT_EQ(greet_guest(host_.ref(), soon()), kProtocolVersion);
        return server_.get_future().get();
    }

    LoopThread thread_;
    base::UniqueFd host_;
    std::promise<base::UniqueFd> server_;  // the first connection
    int connections_ = 0;
    std::unique_ptr<PortSession> session_;
};

TEST_F(PortSessionTest, CarriesBytesBothWaysAfterTheGreeting) {
    const base::UniqueFd server = connect();
    base::write_all(host_.ref(), "ping", "");
    EXPECT_EQ(read_exactly(server.ref(), 4), "ping");
    base::write_all(server.ref(), "pong", "");
    EXPECT_EQ(read_exactly(host_.ref(), 4), "pong");
}

TEST_F(PortSessionTest, DropsEverythingBeforeTheEchoAndNothingAfterIt) {
    FrameScanner scanner(FrameScanner::Kind::greeting);
    std::string greeting = read_exactly(host_.ref(), kGreetingSize);
    ASSERT_TRUE(scanner.feed(greeting.data(), greeting.size()));
    Greeting stale = scanner.found();
    stale.nonce[0] ^= 1;
    base::write_all(host_.ref(),
                    "PRI * HTTP/2.0" + encode_echo(stale) + encode_echo(stale).substr(0, 17) +
                        encode_echo(scanner.found()) + "first",
                    "");
    const base::UniqueFd server = server_.get_future().get();
    EXPECT_EQ(read_exactly(server.ref(), 5), "first");
}

TEST_F(PortSessionTest, ClosesTheServersSocketWhenTheHostHangsUp) {
    const base::UniqueFd server = connect();
    base::write_all(host_.ref(), "cut off in the mid", "");
    host_.reset();
    std::string rest = read_exactly(server.ref(), 1000);
    EXPECT_LE(rest.size(), std::string("cut off in the mid").size());
}

TEST_F(PortSessionTest, GreetsAgainWhenTheServerEndsTheConversation) {
    connect().reset();
    EXPECT_EQ(greet_guest(host_.ref(), base::Deadline::after(std::chrono::seconds(20))),
              kProtocolVersion);
}

TEST_F(PortSessionTest, HoldsBackAHostWhoseServerDoesNotReadAndLosesNothing) {
    const base::UniqueFd server = connect();
    const std::string bulk(std::size_t{4} << 20, 'b');
    std::thread writer([&] { base::write_all(host_.ref(), bulk, ""); });
    // The other direction is not held up by it.
    base::write_all(server.ref(), "answer", "");
    EXPECT_EQ(read_exactly(host_.ref(), 6), "answer");
    EXPECT_EQ(read_exactly(server.ref(), bulk.size()), bulk);
    writer.join();
}

TEST(GreetingRoom, HandsOnTheSameSocketOnceItIsGreeted) {
    LoopThread thread;
    StreamPair streams = make_streams();
    std::promise<base::UniqueFd> promise;
    std::unique_ptr<GreetingRoom> room;
    thread.run([&] {
        room = std::make_unique<GreetingRoom>(thread.loop, [&](base::UniqueFd connection) {
            promise.set_value(std::move(connection));
        });
        room->welcome(std::move(streams.guest));
    });
    EXPECT_EQ(greet_guest(streams.host.ref(), soon()), kProtocolVersion);
    base::write_all(streams.host.ref(), "grpc", "");
    const base::UniqueFd server = promise.get_future().get();
    EXPECT_EQ(read_exactly(server.ref(), 4), "grpc");
    thread.run([&] { room.reset(); });
}

}  // namespace
}  // namespace kata::agent::guest
