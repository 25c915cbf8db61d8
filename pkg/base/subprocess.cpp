#include "pkg/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {
namespace {

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

Pipe make_pipe() {
    int fds[2] = {-1, -1};
    if (::pipe2(fds, O_CLOEXEC) != 0) {
        throw errno_error("create a pipe", "", errno);
    }
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

struct ChildPlan {
    const ProcessSpec& spec;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::vector<UniqueFd> namespaces;
};

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (const auto& text : strings) {
        pointers.push_back(const_cast<char*>(text.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

// Runs between fork and exec: async-signal-safe calls only. Reports errno on `status` and ends.
[[noreturn]] void become(const ChildPlan& plan, int input, int output, int error, int status) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < NSIG; ++signal) {
        ::signal(signal, SIG_DFL);
    }
    bool ready = ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(error, 2) == 2;
    for (const UniqueFd& name_space : plan.namespaces) {
        ready = ready && ::setns(name_space.get(), 0) == 0;
    }
    if (ready) {
        ::execve(plan.spec.path.c_str(), plan.argv.data(), plan.envp.data());
    }
    const int failure = errno;
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

// Moves data until both outputs ended; false if the deadline came first.
bool pump(UniqueFd input,
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
    while (output.valid() || error.valid()) {
        std::array<pollfd, 3> polled{pollfd{input.get(), POLLOUT, 0},
                                     pollfd{output.get(), POLLIN, 0},
                                     pollfd{error.get(), POLLIN, 0}};
        const int ready =
            ::poll(polled.data(), polled.size(), static_cast<int>(deadline.remaining().count()));
        if (ready == 0 && deadline.passed()) {
            return false;
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
    return true;
}

// Waits until `deadline`; false if the child still runs then.
bool wait_until(pid_t pid, Deadline deadline, int& status) {
    for (;;) {
        const pid_t ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR)) {
            return true;
        }
        if (deadline.passed()) {
            return false;
        }
        ::usleep(1000);
    }
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
    ChildPlan plan{spec, pointers_to(spec.args), pointers_to(spec.env), {}};
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
    input.read_end.reset();
    output.write_end.reset();
    error.write_end.reset();
    status.write_end.reset();

    ProcessResult result;
    int failure = 0;
    const bool started = ::read(status.read_end.get(), &failure, sizeof failure) <= 0;
    if (started) {
        result.timed_out = !pump(std::move(input.write_end),
                                 std::move(output.read_end),
                                 std::move(error.read_end),
                                 spec,
                                 deadline,
                                 result);
    }
    int wait_status = 0;
    if (result.timed_out || !wait_until(pid, deadline, wait_status)) {
        result.timed_out = true;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, &wait_status, 0);
    }
    if (!started) {
        throw errno_error("start", spec.path, failure);
    }
    result.exit_code =
        WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    return result;
}

}  // namespace kata::base
