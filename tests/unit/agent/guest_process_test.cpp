#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/launcher.h"
#include "pkg/agent/guest/process.h"
#include "pkg/agent/guest/reaper.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

#include "guest_fake_runtime.h"
#include "guest_support.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

// A reader that takes a chunk when told to.
class Collector final : public OutputStream::Reader,
                        public std::enable_shared_from_this<Collector> {
  public:
    Collector(EventLoop& loop, bool eager) : loop_(loop), eager_(eager) {}

    void attach_to(std::shared_ptr<OutputStream> stream) {
        stream_ = std::move(stream);
        stream_->attach(shared_from_this());
    }
    void deliver(std::string chunk) override {
        {
            const std::lock_guard lock(mutex_);
            data_ += chunk;
        }
        changed_.notify_all();
        if (eager_) {
            take();
        }
    }
    void end() override {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    void take() {
        loop_.post([self = shared_from_this()] { self->stream_->taken(self.get()); });
    }
    /// Loop thread: from now on chunks are taken as they come.
    void become_eager() {
        eager_ = true;
        stream_->taken(this);
    }
    std::string wait_for_end() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_; });
        return data_;
    }
    std::string wait_for_data() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !data_.empty(); });
        return data_;
    }

  private:
    EventLoop& loop_;
    bool eager_;
    std::shared_ptr<OutputStream> stream_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string data_;
    bool ended_ = false;
};

class ProcessTest : public testing::Test {
  protected:
    ProcessTest() { ::signal(SIGPIPE, SIG_IGN); }
    ProcessTest(const ProcessTest&) = delete;
    ProcessTest& operator=(const ProcessTest&) = delete;
    ProcessTest(ProcessTest&&) = delete;
    ProcessTest& operator=(ProcessTest&&) = delete;
    ~ProcessTest() override {
        thread_.run([] {});
        containers_.kill_abandoned("c", "");
    }

    void start(const std::string& script) {
        containers_.create("c", script);
        containers_.start("c");
    }
    std::shared_ptr<Process> process(const std::string& exec_id = "") {
        return containers_.process("c", exec_id);
    }
    std::shared_ptr<Collector> read(const std::shared_ptr<OutputStream>& stream,
                                    bool eager = true) {
        auto collector = std::make_shared<Collector>(thread_.loop, eager);
        thread_.run([&] { collector->attach_to(stream); });
        return collector;
    }
    std::future<int> wait(const std::string& exec_id = "") {
        auto promise = std::make_shared<std::promise<int>>();
        thread_.run([&] {
            process(exec_id)->wait([promise](int exit_code) { promise->set_value(exit_code); });
        });
        return promise->get_future();
    }
    InputStream::Outcome write(const std::string& data) {
        std::promise<InputStream::Outcome> done;
        thread_.run([&] {
            process()->input()->write(
                data, [&](InputStream::Outcome outcome) { done.set_value(outcome); });
        });
        return done.get_future().get();
    }

    LoopThread thread_;
    Reaper reaper_;
    FakeRuntime runtime_{reaper_};
    // Plain children are in the test's own cgroup, which must not be killed with them.
    ContainerTable containers_{thread_.loop, reaper_, runtime_, "/nonexistent"};
};

ErrorCode code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "did not throw";
    return ErrorCode::internal;
}

TEST_F(ProcessTest, EchoesItsInputUntilTheInputIsClosed) {
    start("cat");
    const auto output = read(process()->output());
    const std::string bulk(std::size_t{3} << 20, 'x');
    EXPECT_EQ(write(bulk), InputStream::Outcome::written);
    thread_.run([&] { process()->input()->close(); });
    EXPECT_EQ(output->wait_for_end(), bulk);
    EXPECT_EQ(wait().get(), 0);
}

TEST_F(ProcessTest, TellsItsEndOnlyAfterTheReadersHaveItsLastByte) {
    start("printf first; head -c 200000 /dev/zero >&2; exit 5");
    const auto output = read(process()->output(), false);
    const auto error = read(process()->error(), true);
    auto exit = wait();
    EXPECT_EQ(output->wait_for_data(), "first");
    EXPECT_EQ(error->wait_for_end().size(), 200000U);
    while (!process()->ended()) {
        std::this_thread::yield();
    }
    thread_.run([] {});
    EXPECT_NE(exit.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    thread_.run([&] { output->become_eager(); });
    EXPECT_EQ(exit.get(), 5);
    EXPECT_EQ(output->wait_for_end(), "first");
}

TEST_F(ProcessTest, TellsItsEndAtOnceWhenNobodyReads) {
    start("echo unread; exit 3");
    EXPECT_EQ(wait().get(), 3);
    EXPECT_EQ(wait().get(), 3);
    EXPECT_EQ(read(process()->output())->wait_for_end(), "unread\n");
}

TEST_F(ProcessTest, DoesNotWaitForAChildThatStillHoldsItsOutput) {
    start("sleep 1000 & echo $!");
    const auto output = read(process()->output());
    EXPECT_EQ(wait().get(), 0);
    const std::string child = output->wait_for_end();
    EXPECT_EQ(::kill(std::stoi(child), SIGKILL), 0);
}

TEST_F(ProcessTest, EndsAWriteQuietlyWhenNobodyReadsTheInput) {
    start("exec 0<&-; sleep 1000");
    const std::string more_than_a_pipe(std::size_t{1} << 20, 'y');
    EXPECT_EQ(write(more_than_a_pipe), InputStream::Outcome::nobody_reads);
}

TEST_F(ProcessTest, EndsABlockedWriteWhenTheProcessEnds) {
    start("sleep 1000");
    std::promise<InputStream::Outcome> done;
    thread_.run([&] {
        process()->input()->write(std::string(std::size_t{1} << 20, 'y'),
                                  [&](InputStream::Outcome outcome) { done.set_value(outcome); });
    });
    containers_.signal("c", "", SIGKILL, false);
    EXPECT_EQ(done.get_future().get(), InputStream::Outcome::nobody_reads);
    EXPECT_EQ(wait().get(), 128 + SIGKILL);
}

TEST_F(ProcessTest, ASecondReaderIsRefusedWhileTheFirstIsThere) {
    start("sleep 1000");
    const auto first = read(process()->output());
    const auto second = std::make_shared<Collector>(thread_.loop, true);
    ErrorCode code = ErrorCode::internal;
    thread_.run([&] { code = code_of([&] { second->attach_to(process()->output()); }); });
    EXPECT_EQ(code, ErrorCode::invalid_state);
    thread_.run([&] { process()->output()->detach(first.get()); });
    thread_.run([&] { second->attach_to(process()->output()); });
}

TEST_F(ProcessTest, ASignalToAnEndedProcessFindsNone) {
    start("exit 0");
    EXPECT_EQ(wait().get(), 0);
    EXPECT_EQ(code_of([&] { containers_.signal("c", "", SIGTERM, false); }), ErrorCode::not_found);
}

TEST_F(ProcessTest, ATermSignalEndsAContainerThatWasNotStarted) {
    containers_.create("c", "trap '' TERM; sleep 1000");
    containers_.signal("c", "", SIGTERM, false);
    EXPECT_EQ(wait().get(), 128 + SIGTERM);
    EXPECT_EQ(code_of([&] { containers_.start("c"); }), ErrorCode::invalid_state);
}

TEST_F(ProcessTest, AnAbandonedExecIsKilledAndItsContainerLivesOn) {
    start("sleep 1000");
    containers_.exec("c", "e", "sleep 1000");
    containers_.kill_abandoned("c", "e");
    EXPECT_EQ(wait("e").get(), 128 + SIGKILL);
    EXPECT_FALSE(process()->ended());
}

TEST_F(ProcessTest, AWaitThatIsCancelledIsNotAnswered) {
    start("cat");
    bool answered = false;
    thread_.run([&] {
        const auto number = process()->wait([&](int) { answered = true; });
        EXPECT_TRUE(process()->cancel_wait(number));
        EXPECT_FALSE(process()->cancel_wait(number));
    });
    containers_.signal("c", "", SIGKILL, false);
    EXPECT_EQ(wait().get(), 128 + SIGKILL);
    EXPECT_FALSE(answered);
}

TEST_F(ProcessTest, IdsAreUniqueAndFreeAgainAfterAFailure) {
    EXPECT_EQ(code_of([&] { containers_.create("c", "fail"); }), ErrorCode::not_found);
    start("sleep 1000");
    EXPECT_EQ(code_of([&] { containers_.create("c", "cat"); }), ErrorCode::already_exists);
    EXPECT_EQ(code_of([&] { containers_.create("../c", "cat"); }), ErrorCode::invalid_argument);
    containers_.exec("c", "e", "sleep 1000");
    EXPECT_EQ(code_of([&] { containers_.exec("c", "e", "cat"); }), ErrorCode::already_exists);
    containers_.signal("c", "e", SIGKILL, false);
    EXPECT_EQ(wait("e").get(), 128 + SIGKILL);
    containers_.exec("c", "e", "exit 9");
    EXPECT_EQ(wait("e").get(), 9);
}

TEST(ReaperTest, KeepsAnExitThatComesBeforeItsWatch) {
    Reaper reaper;
    const Reaper::Hold hold(reaper);
    LaunchSpec spec;
    spec.program = "/bin/sh";
    spec.args = {"-c", "exit 42"};
    const pid_t pid = launch(spec, reaper);
    while (::kill(pid, 0) == 0) {
        std::this_thread::yield();
    }
    EXPECT_EQ(reaper.wait(pid, base::Deadline::after(std::chrono::seconds(20))), 42);
}

TEST(LaunchTest, ReportsAProgramThatIsMissing) {
    Reaper reaper;
    LaunchSpec spec;
    spec.program = "/nonexistent";
    EXPECT_EQ(code_of([&] {
                  (void)launch_and_wait(
                      spec, reaper, base::Deadline::after(std::chrono::seconds(20)));
              }),
              ErrorCode::not_found);
}

TEST(LaunchTest, GivesNiceAndIoPriorityToTheProgram) {
    Reaper reaper;
    LaunchSpec spec;
    spec.program = "/bin/sh";
    spec.args = {"-c", "exit $(nice)"};
    spec.attributes.scheduler = SchedulerAttributes{.policy = 3, .nice = 7};
    EXPECT_EQ(launch_and_wait(spec, reaper, base::Deadline::after(std::chrono::seconds(20))), 7);
}

}  // namespace
}  // namespace kata::agent::guest
