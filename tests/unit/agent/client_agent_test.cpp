#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/grpc_error.h"
#include "pkg/base/error.h"
#include "pkg/base/file_lock.h"
#include "pkg/base/interruption.h"

#include "client_fake_agent.h"

namespace kata::agent {
namespace {

using base::Deadline;
using base::Error;
using base::ErrorCode;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::eventually;
using testing::FakeGuest;
using ::testing::HasSubstr;

Deadline soon() {
    return Deadline::after(std::chrono::seconds(20));
}

template <typename Call>
ErrorCode code_thrown_by(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::internal;
}

TEST(AgentClient, SendsEveryFieldOfEveryCall) {
    FakeGuest guest;
    guest.service.process_list = "PID\n 1\n";
    AgentClient client({guest.take_connection(), {}});
    client.create_sandbox({"pod",
                           {{"kataShared", "virtiofs", {"nodev"}, "/run/share"},
                            {"kataswap", "swap", {}, "", sandbox::DiskDriver::virtio_scsi}},
                           {{"loop", {"max_loop=2", "max_part=1"}}, {"dummy", {}}},
                           "/hooks"},
                          soon());
    client.create_container("web", "{\"a\":1}", {}, soon());
    client.start_container("web", soon());
    client.exec_process("web", "e1", "{\"args\":[]}", soon());
    client.signal_process("web", "e1", 15, false, soon());
    client.signal_process("web", "", 9, true, soon());
    EXPECT_EQ(client.list_processes("web", {"-ef", "-o"}, soon()), "PID\n 1\n");
    client.remove_container("web", soon());
    EXPECT_THAT(guest.service.calls(),
                ElementsAre("CreateSandbox pod kataShared,virtiofs,nodev,/run/share "
                            "kataswap,swap,,scsi "
                            "loop,max_loop=2,max_part=1 dummy /hooks",
                            "CreateContainer web {\"a\":1}",
                            "StartContainer web",
                            "ExecProcess web e1 {\"args\":[]}",
                            "SignalProcess web/e1 15",
                            "SignalProcess web/ 9 all",
                            "ListProcesses web -ef -o",
                            "RemoveContainer web"));
}

TEST(AgentClient, HandsOnNothingOfAProcessListThatATerminalWouldObey) {
    FakeGuest guest;
    guest.service.process_list = "PID CMD\n  1 \x1b]0;owned\x07\x7f\r\n\n  2 sh\tx\n";
    AgentClient client({guest.take_connection(), {}});
    EXPECT_EQ(client.list_processes("web", {}, soon()), "PID CMD\n  1 ?]0;owned??\n\n  2 sh x\n");
}

TEST(AgentClient, GivesTheAgentsWordsAndCode) {
    FakeGuest guest;
    const std::string text = "exec: \"nope\": executable file not found in $PATH";
    guest.service.on_call = [&](auto&) { return grpc::Status(grpc::StatusCode::NOT_FOUND, text); };
    AgentClient client({guest.take_connection(), {}});
    try {
        client.create_container("web", "{}", {}, soon());
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
        EXPECT_EQ(error.what(), text);
    }
}

TEST(AgentClient, TimesOutAndTheAgentSeesTheCancellation) {
    FakeGuest guest;
    std::atomic<bool> cancelled = false;
    guest.service.on_call = [&](grpc::ServerContext& context) {
        cancelled = eventually([&] { return context.IsCancelled(); });
        return grpc::Status::OK;
    };
    AgentClient client({guest.take_connection(), {}});
    EXPECT_EQ(
        code_thrown_by([&] { client.start_container("web", Deadline::after(milliseconds(50))); }),
        ErrorCode::timeout);
    EXPECT_TRUE(eventually([&] { return cancelled.load(); }));
}

// Interruption is a state of the whole process, so it is tried in one of its own.
TEST(AgentClientDeathTest, AnInterruptionCancelsTheCallButNotTheCallsThatUndo) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto body = [] {
        base::catch_interruptions();
        FakeGuest guest;
        guest.service.on_call = [](grpc::ServerContext& context) {
            ::kill(::getpid(), SIGTERM);
            const bool cancelled =
                context.IsCancelled() || eventually([&] { return context.IsCancelled(); });
            return cancelled ? grpc::Status::CANCELLED : grpc::Status::OK;
        };
        AgentClient client({guest.take_connection(), {}});
        const auto code = code_thrown_by([&] { client.create_container("web", "{}", {}, soon()); });
        guest.service.on_call = nullptr;
        client.remove_container("web", soon());
        ::_exit(code == ErrorCode::interrupted ? 0 : 1);
    };
    EXPECT_EXIT(body(), ::testing::ExitedWithCode(0), "");
}

TEST(AgentClient, IsUnavailableWhenTheConnectionBreaks) {
    FakeGuest guest;
    AgentClient client({guest.take_connection(), {}});
    client.start_container("web", soon());
    guest.die();
    EXPECT_EQ(code_thrown_by([&] { client.start_container("web", soon()); }),
              ErrorCode::unavailable);
}

TEST(AgentClient, EndsConnectionAndLockWithItself) {
    int fds[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    const base::UniqueFd guest_end(fds[1]);
    const auto path = std::filesystem::temp_directory_path() /
                      ("kata-agent-client-" + std::to_string(::getpid()) + ".lock");
    {
        auto lock = base::FileLock::try_acquire(path, base::FileLock::Mode::exclusive);
        ASSERT_TRUE(lock);
        const AgentClient client({base::UniqueFd(fds[0]), lock->release()});
        EXPECT_FALSE(base::FileLock::try_acquire(path, base::FileLock::Mode::exclusive));
    }
    EXPECT_TRUE(base::FileLock::try_acquire(path, base::FileLock::Mode::exclusive));
    std::filesystem::remove(path);
    char buffer[4096];
    while (::read(guest_end.get(), buffer, sizeof buffer) > 0) {
    }
    pollfd polled{guest_end.get(), POLLIN | POLLHUP, 0};
    EXPECT_EQ(::poll(&polled, 1, 0), 1);
    EXPECT_NE(polled.revents & POLLHUP, 0);
}

TEST(AgentClient, RefusesAnAnswerThatIsTooLong) {
    FakeGuest guest;
    guest.service.process_list.assign(std::size_t{5} << 20, 'x');
    AgentClient client({guest.take_connection(), {}});
    EXPECT_EQ(code_thrown_by([&] { static_cast<void>(client.list_processes("web", {}, soon())); }),
              ErrorCode::internal);
}

struct CodeCase {
    grpc::StatusCode status;
    ErrorCode code;
};
class GrpcError : public ::testing::TestWithParam<CodeCase> {};

TEST_P(GrpcError, BecomesOurCode) {
    EXPECT_EQ(error_of(grpc::Status(GetParam().status, "text"), "start").code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Codes,
    GrpcError,
    ::testing::Values(CodeCase{grpc::StatusCode::NOT_FOUND, ErrorCode::not_found},
                      CodeCase{grpc::StatusCode::ALREADY_EXISTS, ErrorCode::already_exists},
                      CodeCase{grpc::StatusCode::FAILED_PRECONDITION, ErrorCode::invalid_state},
                      CodeCase{grpc::StatusCode::PERMISSION_DENIED, ErrorCode::permission_denied},
                      CodeCase{grpc::StatusCode::INVALID_ARGUMENT, ErrorCode::invalid_argument},
                      CodeCase{grpc::StatusCode::DEADLINE_EXCEEDED, ErrorCode::timeout},
                      CodeCase{grpc::StatusCode::UNAVAILABLE, ErrorCode::unavailable},
                      CodeCase{grpc::StatusCode::CANCELLED, ErrorCode::unavailable},
                      CodeCase{grpc::StatusCode::UNIMPLEMENTED, ErrorCode::unsupported},
                      CodeCase{grpc::StatusCode::INTERNAL, ErrorCode::internal}));

TEST(GrpcErrorText, SaysThatTheAgentDidNotAnswer) {
    const Error error = error_of(
        grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"), "start it");
    EXPECT_STREQ(error.what(), "cannot start it: agent did not answer in time");
}

TEST(GrpcErrorText, OfAnAgentWhoseOwnWorkTookTooLongOrIsUnsupportedIsTheAgents) {
    EXPECT_STREQ(
        error_of(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "modprobe hangs"), "x").what(),
        "modprobe hangs");
    EXPECT_STREQ(
        error_of(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such mount"), "x").what(),
        "no such mount");
    EXPECT_THAT(error_of(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""), "x").what(),
                HasSubstr("does not know this call"));
}

TEST(GrpcErrorText, IsCappedAndPrintableWhateverTheGuestSends) {
    const std::string text = "\x1b[2J\nboo" + std::string(100000, 'x');
    const std::string shown = error_of(grpc::Status(grpc::StatusCode::INTERNAL, text), "x").what();
    EXPECT_LT(shown.size(), 2100U);
    EXPECT_EQ(shown.find('\x1b'), std::string::npos);
    EXPECT_EQ(shown.find('\n'), std::string::npos);
    EXPECT_THAT(shown, HasSubstr("boo"));
}

}  // namespace
}  // namespace kata::agent
