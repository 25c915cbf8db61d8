#include "pkg/base/subprocess.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "pkg/base/child_setup.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/pipe.h"

namespace kata::base {
namespace {

// What the child was at when it failed, as sent over the status pipe.
enum class Step : int { descriptors, namespaces, directory, program };

struct Failure {
    Step step = Step::program;
    int error_number = 0;
};

struct ChildPlan {
    const ProcessSpec& spec;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::vector<UniqueFd> namespaces;
    pid_t parent;
};

bool enter_namespaces(const ChildPlan& plan) {
    for (const UniqueFd& name_space : plan.namespaces) {
        if (::setns(name_space.get(), 0) != 0) {
            return false;
        }
    }
    return true;
}

// Runs between fork and exec: async-signal-safe calls only. Returns only if a step failed.
Step try_to_become(const ChildPlan& plan, int input, int output, int error) {
    ::setpgid(0, 0);
    // Nobody would wait for its end any more if we are killed.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
        ::_exit(127);
    }
    reset_signals();
    // Descriptors that somebody left open in us without O_CLOEXEC are not for this program.
    if (::dup2(input, 0) != 0 || ::dup2(output, 1) != 1 || ::dup2(error, 2) != 2 ||
        ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return Step::descriptors;
    }
    if (!enter_namespaces(plan)) {
        return Step::namespaces;
    }
    if (!plan.spec.working_dir.empty() && ::chdir(plan.spec.working_dir.c_str()) != 0) {
        return Step::directory;
    }
    ::execve(plan.spec.path.c_str(), plan.argv.data(), plan.envp.data());
    return Step::program;
}

[[noreturn]] void become(const ChildPlan& plan, int input, int output, int error, int status) {
    const Step step = try_to_become(plan, input, output, error);
    const Failure failure{step, errno};
    [[maybe_unused]] const ssize_t reported = ::write(status, &failure, sizeof failure);
    ::_exit(127);
}

// Appends what can be read now; false at end of file.
bool drain_once(FdRef fd, std::string& kept, std::size_t limit) {
    std::array<char, 16384> buffer;
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count <= 0) {
        return count < 0 && (errno == EINTR || errno == EAGAIN);
    }
    const std::size_t room = limit > kept.size() ? limit - kept.size() : 0;
    kept.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
    return true;
}

// Writes some of `data`; false when all is written or the child no longer reads.
bool feed_once(FdRef fd, std::string_view& data) {
    const ssize_t count = ::write(fd.get(), data.data(), data.size());
    if (count < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    data.remove_prefix(static_cast<std::size_t>(count));
    return !data.empty();
}

void set_nonblocking(FdRef fd) {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

int poll_timeout(Deadline deadline) {
    // An interruption that comes just before the poll does not end it.
    constexpr std::int64_t kLongest = 100;
    return static_cast<int>(std::min<std::int64_t>(deadline.remaining().count(), kLongest));
}

// Reads what is there without waiting for more.
void drain_rest(FdRef fd, std::string& kept, std::size_t limit) {
    set_nonblocking(fd);
    std::array<pollfd, 1> polled{pollfd{fd.get(), POLLIN, 0}};
    while (::poll(polled.data(), polled.size(), 0) == 1 && drain_once(fd, kept, limit)) {
    }
}

enum class Outcome { ended, timed_out, interrupted };

// Moves data until the child has ended, the deadline has come, or we are interrupted. A process
// that the child left behind may hold its outputs open for ever, so their end is not waited for.
Outcome pump(FdRef child,
             UniqueFd input,
             UniqueFd output,
             UniqueFd error,
             const ProcessSpec& spec,
             Deadline deadline,
             ProcessResult& result) {
    std::string_view pending = spec.stdin_data;
    set_nonblocking(input.ref());
    if (pending.empty()) {
        input.reset();
    }
    for (;;) {
        std::array<pollfd, 4> polled{pollfd{input.get(), POLLOUT, 0},
                                     pollfd{output.get(), POLLIN, 0},
                                     pollfd{error.get(), POLLIN, 0},
                                     pollfd{child.get(), POLLIN, 0}};
        const int ready = ::poll(polled.data(), polled.size(), poll_timeout(deadline));
        if (polled[3].revents != 0) {
            drain_rest(output.ref(), result.standard_output, spec.max_output);
            drain_rest(error.ref(), result.standard_error, spec.max_output);
            return Outcome::ended;
        }
        if (deadline.passed()) {
            return Outcome::timed_out;
        }
        if (interrupted()) {
            return Outcome::interrupted;
        }
        if (ready <= 0) {
            continue;
        }
        if (polled[0].revents != 0 && !feed_once(input.ref(), pending)) {
            input.reset();
        }
        if (polled[1].revents != 0 &&
            !drain_once(output.ref(), result.standard_output, spec.max_output)) {
            output.reset();
        }
        if (polled[2].revents != 0 &&
            !drain_once(error.ref(), result.standard_error, spec.max_output)) {
            error.reset();
        }
    }
}

// Nothing if somebody else took the status, as the kernel does when we were started with SIGCHLD
// ignored.
std::optional<int> wait_for(pid_t pid) {
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == pid ? std::optional(status) : std::nullopt;
}

int exit_code_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

// Nothing if the child's exec succeeded, which closes the pipe.
std::optional<Failure> read_failure(FdRef status) {
    Failure failure;
    ssize_t count = 0;
    do {
        count = ::read(status.get(), &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof failure) ? std::optional(failure) : std::nullopt;
}

Error start_error(const Failure& failure, const ProcessSpec& spec) {
    switch (failure.step) {
        case Step::descriptors:
            return errno_error("prepare the descriptors of", spec.path, failure.error_number);
        case Step::namespaces:
            return errno_error("enter the namespaces for", spec.path, failure.error_number);
        case Step::directory:
            return errno_error("enter directory", spec.working_dir, failure.error_number);
        case Step::program:
            break;
    }
    return errno_error("start", spec.path, failure.error_number);
}

// The SIGPIPE of a child that does not read its input must not end us.
class IgnoreSigpipe {
  public:
    IgnoreSigpipe() : previous_(::signal(SIGPIPE, SIG_IGN)) {}
    IgnoreSigpipe(const IgnoreSigpipe&) = delete;
    IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;
    IgnoreSigpipe(IgnoreSigpipe&&) = delete;
    IgnoreSigpipe& operator=(IgnoreSigpipe&&) = delete;
    ~IgnoreSigpipe() { ::signal(SIGPIPE, previous_); }

  private:
    sighandler_t previous_;
};

ChildPlan plan_child(const ProcessSpec& spec) {
    ChildPlan plan{spec, pointers_to(spec.args), pointers_to(spec.env), {}, ::getpid()};
    for (const auto& path : spec.enter_namespaces) {
        plan.namespaces.push_back(open_file(path, O_RDONLY));
    }
    return plan;
}

}  // namespace

ProcessResult run_process(const ProcessSpec& spec, Deadline deadline) {
    const ChildPlan plan = plan_child(spec);
    const IgnoreSigpipe no_sigpipe;
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe error = make_pipe();
    Pipe status = make_pipe();
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw errno_error("start", spec.path, errno);
    }
    if (pid == 0) {
        become(plan,
               input.read_end.get(),
               output.write_end.get(),
               error.write_end.get(),
               status.write_end.get());
    }
    // Both sides do it, so that the group exists whoever runs first.
    ::setpgid(pid, pid);
    const UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    const int pidfd_error = errno;
    input.read_end.reset();
    output.write_end.reset();
    error.write_end.reset();
    status.write_end.reset();

    if (const auto failure = read_failure(status.read_end.ref())) {
        (void)wait_for(pid);
        throw start_error(*failure, spec);
    }
    ProcessResult result;
    const Outcome outcome = !child.valid() ? Outcome::timed_out
                                           : pump(child.ref(),
                                                  std::move(input.write_end),
                                                  std::move(output.read_end),
                                                  std::move(error.read_end),
                                                  spec,
                                                  deadline,
                                                  result);
    if (outcome != Outcome::ended) {
        result.timed_out = outcome == Outcome::timed_out;
        ::kill(-pid, SIGKILL);
    }
    const auto wait_status = wait_for(pid);
    if (!child.valid()) {
        throw errno_error("watch", spec.path, pidfd_error);
    }
    if (outcome == Outcome::interrupted) {
        throw_if_interrupted();
    }
    if (!wait_status) {
        throw errno_error("learn the exit code of", spec.path, ECHILD);
    }
    result.exit_code = exit_code_of(*wait_status);
    return result;
}

}  // namespace kata::base
