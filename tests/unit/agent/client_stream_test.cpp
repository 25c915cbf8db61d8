#include <thread>

#include <gtest/gtest.h>

#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/process_client.h"
#include "pkg/base/error.h"

#include "client_fake_agent.h"

namespace kata::agent {
namespace {

using testing::eventually;
using testing::FakeAgentService;
using testing::FakeGuest;
using testing::patterned;
using testing::send_all;
using Source = OutputStream::Source;

constexpr std::size_t kBulk = std::size_t{10} << 20;

std::string read_all(OutputStream& stream) {
    std::string all;
    std::string piece;
    while (stream.read(piece)) {
        all += piece;
    }
    return all;
}

// What came in on standard input, and whose it said it was.
struct ReceivedInput {
    std::string data;
    std::string owner;
    std::atomic<bool> ended = false;

    void receive(FakeAgentService::Input& input) {
        v1::WriteStdinRequest request;
        while (input.Read(&request)) {
            owner += request.container_id() + request.exec_id();
            data += request.data();
        }
        ended = true;
    }
};

TEST(ProcessClient, CarriesTenMebibytesEachWayWithHalfClose) {
    FakeGuest guest;
    const std::string sent = patterned(kBulk);
    ReceivedInput received;
    guest.service.on_stdin = [&](auto&, auto& input) { received.receive(input); };
    // Output that begins only after the end of the input shows that the half-close passed.
    guest.service.on_stdout = [&](auto&, auto& output) {
        EXPECT_TRUE(eventually([&] { return received.ended.load(); }));
        send_all(output, received.data);
    };
    ProcessClient process(open_channel(guest.take_connection()), "web", "e1");
    const auto output = process.open_output(Source::standard_output);
    const auto input = process.open_input();
    for (std::size_t at = 0; at < sent.size(); at += 32 << 10) {
        ASSERT_TRUE(input->write(std::string_view(sent).substr(at, 32 << 10)));
    }
    input->close();
    EXPECT_TRUE(read_all(*output) == sent);
    EXPECT_EQ(received.owner, "webe1");
}

TEST(ProcessClient, SaysWhoseInputItIsEvenWhenTheInputIsEmpty) {
    FakeGuest guest;
    ReceivedInput received;
    guest.service.on_stdin = [&](auto&, auto& input) { received.receive(input); };
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    process.open_input()->close();
    EXPECT_TRUE(received.ended);
    EXPECT_EQ(received.owner, "web");
}

TEST(ProcessClient, ASlowReaderStallsNoOtherStream) {
    FakeGuest guest;
    const std::string bulk = patterned(kBulk);
    guest.service.on_stdout = [&](auto&, auto& output) { send_all(output, bulk); };
    guest.service.on_stderr = [&](auto&, auto& output) { send_all(output, bulk); };
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    const auto slow = process.open_output(Source::standard_output);
    const auto quick = process.open_output(Source::standard_error);
    EXPECT_TRUE(read_all(*quick) == bulk);
    process.signal(15);
    EXPECT_TRUE(read_all(*slow) == bulk);
}

TEST(ProcessClient, TheAgentSeesThatAnOutputIsNotWantedAnyMore) {
    FakeGuest guest;
    std::atomic<bool> gone = false;
    guest.service.on_stdout = [&](grpc::ServerContext& context, auto& output) {
        while (send_all(output, "spam")) {
        }
        gone = context.IsCancelled();
    };
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    const auto output = process.open_output(Source::standard_output);
    std::string piece;
    ASSERT_TRUE(output->read(piece));
    output->cancel();
    EXPECT_TRUE(eventually([&] { return gone.load(); }));
}

TEST(ProcessClient, NoticesThatTheProcessNoLongerReads) {
    FakeGuest guest;
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    const auto input = process.open_input();
    EXPECT_TRUE(eventually([&] { return !input->write("x"); }));
}

TEST(ProcessClient, WaitsWithTheLifeLineAndReturnsTheStatus) {
    FakeGuest guest;
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    guest.service.end_process(55);
    EXPECT_EQ(process.wait(), 55);
    EXPECT_EQ(guest.service.calls(), std::vector<std::string>{"WaitProcess life line"});
}

TEST(ProcessClient, TheAgentSeesAWaitThatIsCutOff) {
    FakeGuest guest;
    ProcessClient process(open_channel(guest.take_connection()), "web", "");
    std::thread waiter([&] { EXPECT_THROW(static_cast<void>(process.wait()), base::Error); });
    EXPECT_TRUE(eventually([&] { return !guest.service.calls().empty(); }));
    process.cancel_wait();
    waiter.join();
    EXPECT_TRUE(eventually([&] { return guest.service.wait_cancelled.load(); }));
}

}  // namespace
}  // namespace kata::agent
