#include "pkg/base/held_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/base/child_setup.h"
#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"

namespace kata::base {
namespace {

constexpr int kControlFd = kInheritedFd + 1;

struct ChildPlan {
    const char* path;
    char* const* argv;
    char* const* envp;
    int null;
    int error_output;
    int inherited;  // -1: none
    int control;
};

// A descriptor above those that the child assigns, so that none overwrites another.
UniqueFd lifted(FdRef fd) {
    UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kControlFd + 1));
    if (!copy.valid()) {
        throw errno_error("duplicate a descriptor", "", errno);
    }
    return copy;
}

bool take_descriptors(const ChildPlan& plan) {
    const bool taken = ::dup2(plan.null, 0) == 0 && ::dup2(plan.null, 1) == 1 &&
                       ::dup2(plan.error_output, 2) == 2 &&
                       ::dup2(plan.control, kControlFd) == kControlFd &&
                       (plan.inherited < 0 || ::dup2(plan.inherited, kInheritedFd) == kInheritedFd);
    if (plan.inherited < 0) {
        ::close(kInheritedFd);
    }
    // Not at exec but now: while it waits it must hold no lock or pipe of ours.
    return taken && ::fcntl(kControlFd, F_SETFD, FD_CLOEXEC) == 0 &&
           ::syscall(SYS_close_range, static_cast<unsigned>(kControlFd) + 1, ~0U, 0U) == 0;
}

bool await_release() {
    char go = 0;
    ssize_t count = 0;
    do {
        count = ::read(kControlFd, &go, 1);
    } while (count < 0 && errno == EINTR);
    return count == 1;
}

// Runs between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const ChildPlan& plan) {
    ::setsid();
    reset_signals();
    if (!take_descriptors(plan) || ::chdir("/") != 0 || !await_release()) {
        ::_exit(127);
    }
    ::execve(plan.path, plan.argv, plan.envp);
    const int failure = errno;
    [[maybe_unused]] const ssize_t sent =
        ::send(kControlFd, &failure, sizeof failure, MSG_NOSIGNAL);
    ::_exit(127);
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

HeldProcess::HeldProcess(ProcessId id, std::string path, UniqueFd control)
    : id_(id), path_(std::move(path)), control_(std::move(control)) {}

HeldProcess HeldProcess::make(DaemonSpec spec) {
    const std::vector<char*> argv = pointers_to(spec.args);
    std::vector<std::string> environment{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    const std::vector<char*> envp = pointers_to(environment);
    const UniqueFd null = lifted(open_file("/dev/null", O_RDWR).ref());
    const UniqueFd error = lifted(spec.error_output.valid() ? spec.error_output.ref() : null.ref());
    const UniqueFd inherited = spec.inherited.valid() ? lifted(spec.inherited.ref()) : UniqueFd();
    SocketPair control = make_socket_pair();
    const UniqueFd child_end = lifted(control.second.ref());
    const ChildPlan plan{spec.path.c_str(),
                         argv.data(),
                         envp.data(),
                         null.get(),
                         error.get(),
                         inherited.get(),
                         child_end.get()};
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw errno_error("start", spec.path, errno);
    }
    if (pid == 0) {
        become(plan);
    }
    const auto id = find_process(pid);
    if (!id) {
        reap(pid);
        throw Error(ErrorCode::internal, "cannot start \"" + spec.path + "\": it ended at once");
    }
    return {*id, std::move(spec.path), std::move(control.first)};
}

HeldProcess::~HeldProcess() {
    if (control_.valid()) {
        control_.reset();
        reap(id_.pid);
    }
}

void HeldProcess::release() {
    const UniqueFd control = std::move(control_);
    if (::send(control.get(), "g", 1, MSG_NOSIGNAL) != 1) {
        const int failure = errno;
        reap(id_.pid);
        throw errno_error("start", path_, failure);
    }
    // The end of file is the exec, which closes the other end.
    int failure = 0;
    ssize_t count = 0;
    do {
        count = ::read(control.get(), &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    if (count == sizeof failure) {
        reap(id_.pid);
        throw errno_error("start", path_, failure);
    }
}

}  // namespace kata::base
