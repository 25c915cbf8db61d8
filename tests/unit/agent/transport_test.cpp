// The agent's real service and the real client, in one process: every conversation goes through the
// greeting, a port (or a socket, as with vsock), gRPC, and a child process behind it.
#include <signal.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

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
using Source = OutputStream::Source;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

std::string read_all(OutputStream& stream) {
    std::string data;
    std::string piece;
    while (stream.read(piece)) {
        data += piece;
    }
    return data;
}

template <typename Result>
[[nodiscard]] bool is_ready(const std::future<Result>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void write_and_close(ProcessClient& process, const std::string& data) {
    constexpr std::size_t kPiece = 32 << 10;
    const auto input = process.open_input();
    for (std::size_t at = 0; at < data.size(); at += kPiece) {
        ASSERT_TRUE(input->write(std::string_view(data).substr(at, kPiece)));
    }
    input->close();
}

// Sends `data` through `cat` and back; whether it came back whole and cat ended well.
bool echoes(const std::shared_ptr<grpc::Channel>& channel,
            const std::string& exec_id,
            const std::string& data) {
    ProcessClient process(channel, "c", exec_id);
    const auto output = process.open_output(Source::standard_output);
    auto answer = in_background([&] { return read_all(*output); });
    write_and_close(process, data);
    const bool same = answer.get() == data;
    return process.wait() == 0 && same;
}

enum class Way { port, direct };

class TransportTest : public ::testing::TestWithParam<Way> {
  protected:
    TransportTest() { ::signal(SIGPIPE, SIG_IGN); }

    sandbox::DialedPort dial() {
        return GetParam() == Way::port ? agent_.dial_port() : agent_.dial_directly();
    }
    void start(const std::string& script, const std::string& id = "c") {
        client_.create_container(id, script, {}, soon());
        client_.start_container(id, soon());
    }
    void exec(const std::string& exec_id, const std::string& script) {
        client_.exec_process("c", exec_id, script, soon());
    }

    InProcessAgent agent_{GetParam() == Way::port ? 9U : 0U};
    AgentClient client_{dial()};
};

INSTANTIATE_TEST_SUITE_P(OverA,
                         TransportTest,
                         ::testing::Values(Way::port, Way::direct),
                         [](const auto& way) {
                             return way.param == Way::port ? "Port" : "Socket";
                         });

TEST_P(TransportTest, CarriesTenMebibytesEachWayWithHalfClose) {
    start("exec cat");
    const Conversation conversation(dial());
    EXPECT_TRUE(echoes(conversation.channel(), "", patterned(10 * kMebibyte)));
}

TEST_P(TransportTest, KeepsStandardOutputAndErrorApart) {
    start("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 5");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto output = process.open_output(Source::standard_output);
    const auto error = process.open_output(Source::standard_error);
    auto errors = in_background([&] { return read_all(*error).size(); });
    EXPECT_EQ(read_all(*output).size(), 300000U);
    EXPECT_EQ(errors.get(), 200000U);
    EXPECT_EQ(process.wait(), 5);
}

TEST_P(TransportTest, ServesEightConversationsInParallel) {
    start("sleep 1000");
    std::vector<std::future<bool>> echoed;
    for (int number = 0; number < 8; ++number) {
        const std::string id = "e" + std::to_string(number);
        exec(id, "exec cat");
        echoed.push_back(in_background([this, id, number] {
            const Conversation conversation(dial());
            const auto bytes = patterned(kMebibyte + static_cast<std::size_t>(number) * 1000);
            return echoes(conversation.channel(), id, bytes);
        }));
    }
    for (auto& one : echoed) {
        EXPECT_TRUE(one.get());
    }
}

TEST_P(TransportTest, ASlowReaderStallsNobodyElse) {
    start("sleep 1000");
    exec("endless", "exec yes");
    exec("same", "exec cat");
    exec("other", "exec cat");
    const Conversation conversation(dial());
    ProcessClient endless(conversation.channel(), "c", "endless");
    const auto output = endless.open_output(Source::standard_output);
    std::string piece;
    ASSERT_TRUE(output->read(piece));  // and nothing more
    EXPECT_TRUE(echoes(conversation.channel(), "same", patterned(4 * kMebibyte)));
    const Conversation another(dial());
    EXPECT_TRUE(echoes(another.channel(), "other", patterned(kMebibyte)));
    EXPECT_FALSE(agent_.ended("c", "endless"));
    ASSERT_TRUE(output->read(piece));
    EXPECT_EQ(piece.find_first_not_of("y\n"), std::string::npos);
}

TEST_P(TransportTest, AProcessWhoseReaderGoesAwayGetsSigpipe) {
    start("sleep 1000");
    exec("endless", "exec yes");
    const Conversation conversation(dial());
    ProcessClient endless(conversation.channel(), "c", "endless");
    const auto output = endless.open_output(Source::standard_output);
    std::string piece;
    ASSERT_TRUE(output->read(piece));
    output->cancel();
    EXPECT_EQ(endless.wait(), 128 + SIGPIPE);
}

TEST_P(TransportTest, TellsTheExitStatusOnlyAfterTheLastByteWasTaken) {
    constexpr std::size_t kSize = 5'000'000;
    constexpr std::size_t kUnderWay = kMebibyte;  // what windows and buffers may hold
    start("head -c 5000000 /dev/zero; exit 3");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto output = process.open_output(Source::standard_output);
    auto exit = in_background([&] { return process.wait(); });
    std::string piece;
    std::size_t taken = 0;
    while (output->read(piece)) {
        taken += piece.size();
        client_.remove_container("x", soon());  // a round trip: time for the others
        if (taken + kUnderWay < kSize) {
            ASSERT_FALSE(is_ready(exit)) << "after " << taken << " bytes";
        }
        if (agent_.ended("c")) {
            break;
        }
    }
    taken += read_all(*output).size();
    EXPECT_EQ(taken, kSize);
    EXPECT_EQ(exit.get(), 3);
}

TEST_P(TransportTest, DoesNotWaitForABackgroundChildThatHoldsThePipe) {
    start("sleep 1000 & echo done; exit 4");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto output = process.open_output(Source::standard_output);
    EXPECT_EQ(read_all(*output), "done\n");
    EXPECT_EQ(process.wait(), 4);
}

TEST_P(TransportTest, TakesInputBeforeTheContainerIsStarted) {
    client_.create_container("c", "exec cat", {}, soon());
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto output = process.open_output(Source::standard_output);
    const auto input = process.open_input();
    ASSERT_TRUE(input->write("early"));
    client_.start_container("c", soon());
    std::string piece;
    ASSERT_TRUE(output->read(piece));
    EXPECT_EQ(piece, "early");
    input->close();
    EXPECT_EQ(process.wait(), 0);
}

TEST_P(TransportTest, ASecondWriterIsRefusedAndTheFirstGoesOn) {
    start("exec cat");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto output = process.open_output(Source::standard_output);
    const auto first = process.open_input();
    std::string piece;
    ASSERT_TRUE(first->write("one"));
    ASSERT_TRUE(output->read(piece));
    const auto second = process.open_input();
    static_cast<void>(second->write("two"));
    second->close();
    ASSERT_TRUE(first->write("three"));
    first->close();
    EXPECT_EQ(piece + read_all(*output), "onethree");
    EXPECT_EQ(process.wait(), 0);
}

TEST_P(TransportTest, AnEmptyInputIsAnInputThatEnds) {
    start("cat; exit 6");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    process.open_input()->close();
    EXPECT_EQ(process.wait(), 6);
}

TEST_P(TransportTest, WritingEndsWhenTheProcessNoLongerReads) {
    start("exec 0<&-; exec sleep 1000");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    const auto input = process.open_input();
    const std::string piece(32 << 10, 'x');
    while (input->write(piece)) {
    }
    EXPECT_FALSE(agent_.ended("c"));
}

TEST_P(TransportTest, ACutConversationKillsTheExecAndItsContainerLivesOn) {
    start("exec sleep 1000");
    exec("e", "exec sleep 1000");
    Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "e");
    auto exit = in_background([&] { return code_of([&] { (void)process.wait(); }); });
    ASSERT_TRUE(eventually([&] { return agent_.is_awaited("c", "e"); }));
    conversation.cut();
    EXPECT_EQ(exit.get(), ErrorCode::unavailable);
    const Conversation next(dial());
    EXPECT_EQ(ProcessClient(next.channel(), "c", "e").wait(), 128 + SIGKILL);
    EXPECT_FALSE(agent_.ended("c"));
}

TEST_P(TransportTest, ACutConversationKillsTheInit) {
    start("exec sleep 1000");
    Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    auto exit = in_background([&] { return code_of([&] { (void)process.wait(); }); });
    ASSERT_TRUE(eventually([&] { return agent_.is_awaited("c"); }));
    conversation.cut();
    EXPECT_EQ(exit.get(), ErrorCode::unavailable);
    const Conversation next(dial());
    EXPECT_EQ(ProcessClient(next.channel(), "c", "").wait(), 128 + SIGKILL);
}

TEST_P(TransportTest, ACancelledWaitKillsTheProcess) {
    start("exec sleep 1000");
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "");
    auto exit = in_background([&] { return code_of([&] { (void)process.wait(); }); });
    ASSERT_TRUE(eventually([&] { return agent_.is_awaited("c"); }));
    process.cancel_wait();
    EXPECT_EQ(exit.get(), ErrorCode::unavailable);
    EXPECT_EQ(ProcessClient(conversation.channel(), "c", "").wait(), 128 + SIGKILL);
}

TEST_P(TransportTest, AWaitAtItsDeadlineKillsTheProcess) {
    start("exec sleep 1000");
    const Conversation conversation(dial());
    const auto stub = v1::AgentService::NewStub(conversation.channel());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    v1::WaitProcessRequest request;
    request.set_container_id("c");
    request.set_kill_on_disconnect(true);
    v1::WaitProcessResponse response;
    EXPECT_EQ(stub->WaitProcess(&context, request, &response).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(ProcessClient(conversation.channel(), "c", "").wait(), 128 + SIGKILL);
}

// A client that is cut off has not said that its input ends: `cat` would then succeed with half of
// a file.
TEST_P(TransportTest, ACutConversationIsNotTheEndOfTheInput) {
    start("sleep 1000");
    for (int round = 0; round < 10; ++round) {
        const std::string id = "e" + std::to_string(round);
        exec(id, "exec cat >/dev/null");
        Conversation conversation(dial());
        ProcessClient process(conversation.channel(), "c", id);
        auto exit = in_background([&] { return code_of([&] { (void)process.wait(); }); });
        const auto input = process.open_input();
        ASSERT_TRUE(input->write("half of a fi"));
        ASSERT_TRUE(eventually([&] { return agent_.is_awaited("c", id); }));
        conversation.cut();
        EXPECT_EQ(exit.get(), ErrorCode::unavailable);
        const Conversation next(dial());
        EXPECT_EQ(ProcessClient(next.channel(), "c", id).wait(), 128 + SIGKILL);
    }
}

TEST_P(TransportTest, TwoClientsShareOneAgent) {
    AgentClient other(dial());
    client_.create_container("c", "exec sleep 1000", {}, soon());
    EXPECT_EQ(code_of([&] { other.create_container("c", "cat", {}, soon()); }),
              ErrorCode::already_exists);
    other.start_container("c", soon());
    EXPECT_EQ(code_of([&] { client_.start_container("c", soon()); }), ErrorCode::invalid_state);
    client_.signal_process("c", "", SIGKILL, false, soon());
    const Conversation conversation(dial());
    EXPECT_EQ(ProcessClient(conversation.channel(), "c", "").wait(), 128 + SIGKILL);
    other.remove_container("c", soon());
    EXPECT_EQ(code_of([&] { client_.start_container("c", soon()); }), ErrorCode::not_found);
}

TEST_P(TransportTest, RefusesASecondSandbox) {
    client_.create_sandbox({"s", {}}, soon());
    AgentClient other(dial());
    EXPECT_EQ(code_of([&] { other.create_sandbox({"s", {}}, soon()); }), ErrorCode::already_exists);
}

TEST_P(TransportTest, RefusesAGuestShellThatTheGuestWasNotBootedFor) {
    try {
        client_.exec_process("", "e", R"({"terminal":false})", soon());
        FAIL() << "a shell was opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::permission_denied);
        EXPECT_NE(std::string(error.what()).find("debug_console_enabled = true"),
                  std::string::npos);
    }
}

TEST_P(TransportTest, ASandboxWhoseModuleCannotBeLoadedCanBeTriedAgain) {
    EXPECT_EQ(code_of([&] {
                  client_.create_sandbox({"s", {}, {{"-x", {}}}, ""}, soon());
              }),
              ErrorCode::invalid_argument);
    EXPECT_NO_THROW(client_.create_sandbox({"s", {}}, soon()));
}

TEST_P(TransportTest, WaitsForTheWordsOfAGuestThatRanOutOfTime) {
    try {
        client_.create_container(
            "slow", "slow", {}, base::Deadline::after(std::chrono::milliseconds(100)));
        FAIL() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::timeout);
        EXPECT_STREQ(error.what(), "its hooks did not end in time");
    }
}

TEST_P(TransportTest, SaysWhichIdIsUnknown) {
    start("sleep 1000");
    const auto code = [&](const std::function<void()>& work) { return code_of(work); };
    EXPECT_EQ(code([&] { client_.start_container("x", soon()); }), ErrorCode::not_found);
    EXPECT_EQ(code([&] { exec("", "true"); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([&] { client_.exec_process("x", "e", "true", soon()); }), ErrorCode::not_found);
    EXPECT_EQ(code([&] { client_.signal_process("x", "", 9, false, soon()); }),
              ErrorCode::not_found);
    EXPECT_EQ(code([&] { client_.signal_process("c", "x", 9, false, soon()); }),
              ErrorCode::not_found);
    EXPECT_EQ(code([&] { client_.signal_process("c", "", 65, false, soon()); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code([&] { client_.create_container("fail", "fail", {}, soon()); }),
              ErrorCode::not_found);
    EXPECT_NO_THROW(client_.remove_container("x", soon()));
    const Conversation conversation(dial());
    ProcessClient process(conversation.channel(), "c", "x");
    EXPECT_EQ(code([&] { (void)process.wait(); }), ErrorCode::not_found);
    EXPECT_EQ(code([&] { process.resize(1, 1); }), ErrorCode::not_found);
    EXPECT_EQ(read_all(*process.open_output(Source::standard_output)), "");
    const auto input = process.open_input();
    while (input->write("nobody is there")) {
    }
}

}  // namespace
}  // namespace kata::agent::testing
