#include "pkg/agent/guest/launcher.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/pipe.h"

namespace kata::agent::guest {
namespace {

constexpr int kIoPriorityOfProcess = 1;  // IOPRIO_WHO_PROCESS

// The layout of struct sched_attr up to its first version, which glibc 2.36 does not declare.
struct KernelSchedulerAttributes {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
};
static_assert(sizeof(KernelSchedulerAttributes) == 48);

struct ChildPlan {
    const char* program;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::array<int, 3> stdio;
    bool controlling_terminal;
    std::optional<KernelSchedulerAttributes> scheduler;
    std::optional<int> io_priority;
    std::string oom_score_adjustment;  // in digits; "" leaves it alone
    int status;
};

KernelSchedulerAttributes to_kernel(const SchedulerAttributes& attributes) {
    return {sizeof(KernelSchedulerAttributes),
            attributes.policy,
            attributes.flags,
            attributes.nice,
            attributes.priority,
            attributes.runtime,
            attributes.deadline,
            attributes.period};
}

// From here to become(): between fork and exec, async-signal-safe calls only.
bool take_stdio(const std::array<int, 3>& stdio) {
    // First out of the way of 0-2, so that no source is overwritten before it is used.
    std::array<int, 3> high{};
    for (std::size_t i = 0; i < stdio.size(); ++i) {
        high[i] = ::fcntl(stdio[i], F_DUPFD_CLOEXEC, 10);
        if (high[i] < 0) {
            return false;
        }
    }
    for (int fd = 0; fd < 3; ++fd) {
        if (::dup2(high[static_cast<std::size_t>(fd)], fd) != fd) {
            return false;
        }
    }
    return true;
}

void reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) {
        ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool take_terminal(const ChildPlan& plan) {
    return !plan.controlling_terminal || ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0;
}

bool take_oom_score_adjustment(const std::string& digits) {
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    return file >= 0 &&
           ::write(file, digits.data(), digits.size()) == static_cast<ssize_t>(digits.size());
}

bool take_attributes(const ChildPlan& plan) {
    if (!plan.oom_score_adjustment.empty() &&
        !take_oom_score_adjustment(plan.oom_score_adjustment)) {
        return false;
    }
    if (plan.scheduler && ::syscall(SYS_sched_setattr, 0, &*plan.scheduler, 0) != 0) {
        return false;
    }
    return !plan.io_priority ||
           ::syscall(SYS_ioprio_set, kIoPriorityOfProcess, 0, *plan.io_priority) == 0;
}

[[noreturn]] void become(const ChildPlan& plan) {
    ::setsid();
    reset_signals();
    ::umask(0022);
    if (take_stdio(plan.stdio) && take_terminal(plan) && take_attributes(plan)) {
        ::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
        ::execve(plan.program, plan.argv.data(), plan.envp.data());
    }
    const int failure = errno;
    [[maybe_unused]] const ssize_t reported = ::write(plan.status, &failure, sizeof failure);
    ::_exit(127);
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (std::string& text : strings) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

pid_t launch(const LaunchSpec& spec, Reaper& reaper) {
    const base::UniqueFd null = base::open_file("/dev/null", O_RDWR);
    const auto or_null = [&](int fd) { return fd >= 0 ? fd : null.get(); };
    auto [status_read, status_write] = base::make_pipe();
    std::vector<std::string> args = spec.args;
    args.insert(args.begin(), spec.program);
    std::vector<std::string> env{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    ChildPlan plan{
        spec.program.c_str(),
        pointers_to(args),
        pointers_to(env),
        {or_null(spec.standard_input), or_null(spec.standard_output), or_null(spec.standard_error)},
        spec.controlling_terminal,
        std::nullopt,
        spec.attributes.io_priority,
        spec.attributes.oom_score_adjustment ? std::to_string(*spec.attributes.oom_score_adjustment)
                                             : "",
        status_write.get()};
    if (spec.attributes.scheduler) {
        plan.scheduler = to_kernel(*spec.attributes.scheduler);
    }
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw base::errno_error("start", spec.program, errno);
    }
    if (pid == 0) {
        become(plan);
    }
    reaper.child_started();
    status_write.reset();
    int failure = 0;
    ssize_t count = 0;
    do {
        count = ::read(status_read.get(), &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        throw base::errno_error("start", spec.program, failure);
    }
    return pid;
}

int launch_and_wait(const LaunchSpec& spec, Reaper& reaper, base::Deadline deadline) {
    const Reaper::Hold hold(reaper);
    const pid_t pid = launch(spec, reaper);
    try {
        return reaper.wait(pid, deadline);
    } catch (const base::Error& error) {
        ::kill(-pid, SIGKILL);
        throw error.with_context("cannot run " + (spec.name.empty() ? spec.program : spec.name));
    }
}

}  // namespace kata::agent::guest
