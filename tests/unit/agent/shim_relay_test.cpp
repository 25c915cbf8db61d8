#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/process_client.h"
#include "pkg/agent/shim/relay.h"
#include "pkg/agent/shim/relay_progress.h"
#include "pkg/base/file.h"
#include "pkg/base/pipe.h"

#include "client_fake_agent.h"

namespace kata::agent {
namespace {

using ::testing::Contains;
using testing::eventually;
using testing::FakeAgentService;
using testing::FakeGuest;
using ::testing::Not;
using testing::patterned;
using testing::send_all;

std::string read_all(base::FdRef fd) {
    std::string all;
    std::string buffer(64 << 10, '\0');
    ssize_t count = 0;
    while ((count = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
        all.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return all;
}

std::string receive_all(FakeAgentService::Input& input) {
    std::string all;
    v1::WriteStdinRequest request;
    while (input.Read(&request)) {
        all += request.data();
    }
    return all;
}

// A shim in this process: pipes where 0, 1 and 2 would be.
class RelayTest : public ::testing::Test {
  protected:
    void begin(RelayOptions options = {}) {
        process_.emplace(open_channel(guest_.take_connection()), "web", "");
        relay_.emplace(
            *process_,
            StandardFds{
                in_.read_end.get(), out_.write_end.get(), err_.write_end.get(), null_.get()},
            signals_,
            options);
    }

    bool called(const std::string& call) {
        return eventually([&] {
            const auto calls = guest_.service.calls();
            return std::find(calls.begin(), calls.end(), call) != calls.end();
        });
    }

    SignalQueue signals_;
    base::Pipe in_ = base::make_pipe();
    base::Pipe out_ = base::make_pipe();
    base::Pipe err_ = base::make_pipe();
    base::UniqueFd null_ = base::open_file("/dev/null", O_RDWR);
    FakeGuest guest_;
    std::optional<ProcessClient> process_;
    std::optional<Relay> relay_;
};

TEST_F(RelayTest, EndsWithTheStatusOnlyAfterTheLastByteOfBothOutputs) {
    const std::string bulk = patterned(std::size_t{3} << 20);
    guest_.service.on_stdout = [&](auto&, auto& output) { send_all(output, bulk); };
    guest_.service.on_stderr = [&](auto&, auto& output) { send_all(output, "oops"); };
    guest_.service.end_process(55);
    begin();
    auto status = std::async(std::launch::async, [&] { return relay_->wait(); });
    // The reader begins late: the relay must not give up on it.
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    EXPECT_EQ(status.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    auto output = std::async(std::launch::async, [&] { return read_all(out_.read_end.ref()); });
    EXPECT_EQ(status.get(), 55);
    out_.write_end.reset();
    err_.write_end.reset();
    EXPECT_TRUE(output.get() == bulk);
    EXPECT_EQ(read_all(err_.read_end.ref()), "oops");
}

TEST_F(RelayTest, InputBeforeTheStartBlocksNeitherSignalsNorOutput) {
    std::atomic<bool> started = false;
    std::promise<std::string> received;
    guest_.service.on_stdin = [&](auto&, auto& input) {
        eventually([&] { return started.load(); });
        received.set_value(receive_all(input));
    };
    guest_.service.on_stdout = [&](auto&, auto& output) { send_all(output, "hello"); };
    begin();
    const std::string bulk = patterned(std::size_t{4} << 20);
    std::thread writer([&] {
        base::write_all(in_.write_end.ref(), bulk, "stdin");
        in_.write_end.reset();
    });
    ::kill(::getpid(), SIGRTMIN);  // by ourselves, so not forwarded
    std::string hello(5, '\0');
    ASSERT_EQ(::read(out_.read_end.get(), hello.data(), hello.size()), 5);
    const pid_t child = ::fork();
    if (child == 0) {
        ::kill(::getppid(), SIGTERM);
        ::kill(::getppid(), SIGCHLD);
        ::_exit(0);
    }
    EXPECT_TRUE(called("SignalProcess web/ 15"));
    started = true;
    EXPECT_TRUE(received.get_future().get() == bulk);
    writer.join();
    guest_.service.end_process(0);
    EXPECT_EQ(relay_->wait(), 0);
    EXPECT_THAT(guest_.service.calls(),
                Not(Contains("SignalProcess web/ " + std::to_string(SIGRTMIN))));
}

TEST_F(RelayTest, TellsTheAgentThatNobodyReadsTheOutput) {
    std::atomic<bool> cancelled = false;
    guest_.service.on_stdout = [&](grpc::ServerContext& context, auto& output) {
        while (send_all(output, "y\n")) {
        }
        cancelled = context.IsCancelled();
    };
    out_.read_end.reset();
    begin();
    EXPECT_TRUE(eventually([&] { return cancelled.load(); }));
    guest_.service.end_process(128 + SIGPIPE);
    EXPECT_EQ(relay_->wait(), 128 + SIGPIPE);
    EXPECT_THAT(guest_.service.calls(), Not(Contains("SignalProcess web/ 13")));
}

TEST_F(RelayTest, TheWriterOfAnInputThatIsNotReadGetsEpipe) {
    begin();  // the fake's WriteStdin ends at once
    EXPECT_TRUE(eventually([&] { return ::write(in_.write_end.get(), "x", 1) < 0; }));
    EXPECT_EQ(errno, EPIPE);
    guest_.service.end_process(0);
    EXPECT_EQ(relay_->wait(), 0);
}

TEST_F(RelayTest, EndsWith137WhenTheVmDies) {
    std::promise<void> dying;
    guest_.service.on_stdout = [&](auto&, auto& output) {
        send_all(output, "last words");
        dying.get_future().wait();
    };
    begin();
    std::string words(10, '\0');
    ASSERT_EQ(::read(out_.read_end.get(), words.data(), words.size()), 10);
    auto status = std::async(std::launch::async, [&] { return relay_->wait(); });
    dying.set_value();
    guest_.die();
    EXPECT_EQ(status.get(), 137);
}

TEST_F(RelayTest, DoesNotWaitForAGrandchildThatKeepsTheOutputOpen) {
    std::promise<void> over;
    guest_.service.on_stdout = [&](auto&, auto& output) {
        send_all(output, "done");
        over.get_future().wait();
    };
    begin({false, false, std::chrono::milliseconds(50)});
    guest_.service.end_process(3);
    EXPECT_EQ(relay_->wait(), 3);
    std::string done(4, '\0');
    EXPECT_EQ(::read(out_.read_end.get(), done.data(), done.size()), 4);
    over.set_value();
}

TEST_F(RelayTest, ForwardsSignalsThatCameBeforeItBegan) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::kill(::getppid(), SIGUSR1);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    begin();
    EXPECT_TRUE(called("SignalProcess web/ 10"));
    guest_.service.end_process(0);
    EXPECT_EQ(relay_->wait(), 0);
}

TEST_F(RelayTest, FollowsTheSizeOfTheTerminalButNotNoSize) {
    int master = -1;
    int slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const base::UniqueFd master_owner(master);
    in_.read_end = base::UniqueFd(slave);
    begin({true, true});
    const pid_t self = ::getpid();
    const auto resize = [&](unsigned short rows, unsigned short columns) {
        const winsize size{rows, columns, 0, 0};
        ASSERT_EQ(::ioctl(master, TIOCSWINSZ, &size), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::kill(self, SIGWINCH);
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    };
    resize(33, 111);
    EXPECT_TRUE(called("TtyWinResize web/ 33x111"));
    resize(44, 222);
    EXPECT_TRUE(called("TtyWinResize web/ 44x222"));
    termios mode{};
    ::tcgetattr(slave, &mode);
    EXPECT_EQ(mode.c_lflag & ECHO, 0U);
    EXPECT_EQ(mode.c_oflag & OPOST, 0U);
    resize(44, 222);  // no news about the size: then it was meant as a signal
    EXPECT_TRUE(called("SignalProcess web/ 28"));
    EXPECT_THAT(guest_.service.calls(), Not(Contains("TtyWinResize web/ 0x0")));
    guest_.service.end_process(0);
    EXPECT_EQ(relay_->wait(), 0);
}

using Output = RelayProgress::Output;

TEST(RelayProgress, WaitsForBothOutputsAndTheProcess) {
    RelayProgress progress(std::chrono::hours(1));
    auto status = std::async(std::launch::async, [&] { return progress.wait(); });
    progress.ended(Output::standard_output);
    progress.process_ended(7);
    EXPECT_EQ(status.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    progress.ended(Output::standard_error);
    EXPECT_EQ(status.get(), 7);
}

TEST(RelayProgress, GivesUpOnAStuckReaderOnlyWhenTheConnectionBroke) {
    RelayProgress known(std::chrono::milliseconds(1));
    known.ended(Output::standard_error);
    known.writing(Output::standard_output);
    known.process_ended(0);
    auto status = std::async(std::launch::async, [&] { return known.wait(); });
    EXPECT_EQ(status.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    known.ended(Output::standard_output);
    EXPECT_EQ(status.get(), 0);

    RelayProgress broken(std::chrono::milliseconds(1));
    broken.writing(Output::standard_output);
    broken.process_ended(std::nullopt);
    EXPECT_FALSE(broken.wait());
}

}  // namespace
}  // namespace kata::agent
