#include "pkg/base/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

// A child that waits for a signal; killed and reaped at the end.
class Child {
  public:
    Child() : pid_(::fork()) {
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Child(Child&&) = delete;
    Child& operator=(Child&&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    void await_end() const {
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }

    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

TEST(Process, IsFoundWhileItLives) {
    const auto self = find_process(::getpid());
    ASSERT_TRUE(self);
    EXPECT_GT(self->start_time, 0U);
    EXPECT_TRUE(is_alive(*self));
    EXPECT_FALSE(find_process(0));
    EXPECT_FALSE(find_process(-1));
}

TEST(Process, ThatIsAZombieCountsAsDead) {
    const Child child;
    const auto id = find_process(child.pid());
    ASSERT_TRUE(id);
    EXPECT_TRUE(send_signal(*id, SIGKILL));
    child.await_end();
    EXPECT_FALSE(find_process(child.pid()));
    EXPECT_FALSE(is_alive(*id));
    EXPECT_FALSE(send_signal(*id, SIGKILL));
}

TEST(Process, OfAnotherStartTimeIsNeverSignalled) {
    const Child child;
    auto id = find_process(child.pid());
    ASSERT_TRUE(id);
    ++id->start_time;
    EXPECT_FALSE(is_alive(*id));
    EXPECT_FALSE(send_signal(*id, SIGKILL));
    EXPECT_TRUE(find_process(child.pid()));
}

TEST(SendSignal, ToNobodyIsFalse) {
    EXPECT_FALSE(send_signal({}, SIGTERM));
    EXPECT_FALSE(send_signal({-5, 1}, SIGTERM));
}

TEST(SendSignal, RefusesANumberThatIsNoSignal) {
    EXPECT_TRUE(error_of([] { (void)send_signal(*find_process(::getpid()), 4711); }));
}

}  // namespace
}  // namespace kata::base
