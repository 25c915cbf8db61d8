// A port of the guest that has had a client before: the next one is not disturbed by what that
// left.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/process_client.h"
#include "pkg/base/fd_passing.h"

#include "client_fake_agent.h"
#include "transport_support.h"

namespace kata::agent::testing {
namespace {

using base::Error;
using base::ErrorCode;

class PortTest : public ::testing::Test {
  protected:
    PortTest() { ::signal(SIGPIPE, SIG_IGN); }
    InProcessAgent agent_{1};
};

TEST_F(PortTest, IsUsedAgainAtOnceAfterAClientWasKilledInMidMessage) {
    const std::string message(std::size_t{3} << 20, 'm');
    for (int round = 0; round < 5; ++round) {
        const std::string id = "c" + std::to_string(round);
        {
            AgentClient client(agent_.dial_port());
            client.create_container(id, "exec sleep 1000", {}, soon());
            client.start_container(id, soon());
        }
        Conversation killed(agent_.dial_port());
        ProcessClient process(killed.channel(), id, "");
        const auto input = process.open_input();
        auto exit = in_background([&] { return code_of([&] { (void)process.wait(); }); });
        auto writing = in_background([&] {
            while (input->write(message)) {
            }
        });
        ASSERT_TRUE(eventually([&] { return agent_.is_awaited(id); }));
        killed.cut();
        const Conversation next(agent_.dial_port());
        EXPECT_EQ(exit.get(), ErrorCode::unavailable);
        writing.get();
        EXPECT_EQ(ProcessClient(next.channel(), id, "").wait(), 128 + SIGKILL);
    }
}

// The echo of a client that died before the agent read it must not greet for the next one.
TEST_F(PortTest, DropsTheCompleteEchoOfAnEarlierGreeting) {
    std::string greeting;
    {
        const auto dead = base::connect_unix(agent_.port_socket(0));
        FrameScanner scanner(FrameScanner::Kind::greeting);
        char byte = 0;
        do {
            ASSERT_EQ(::read(dead.get(), &byte, 1), 1);
        } while (!scanner.feed(&byte, 1));
        greeting = encode_echo({kProtocolVersion, scanner.found().nonce});
    }
    sandbox::DialedPort port;
    // As the dialer: a guest that has missed the end of the last conversation is woken by another.
    const auto greets = [&] {
        port.connection = base::connect_unix(agent_.port_socket(0));
        base::write_all(port.connection.ref(), greeting + "PRI * HTTP/2.0\r\n", "");
        try {
            static_cast<void>(
                greet_guest(port.connection.ref(), soon().at_most(std::chrono::seconds(1))));
            return true;
        } catch (const Error&) {
            return false;
        }
    };
    ASSERT_TRUE(eventually(greets));
    AgentClient client(std::move(port));
    EXPECT_NO_THROW(client.create_sandbox({"s", {}}, soon()));
}

}  // namespace
}  // namespace kata::agent::testing
