#include "pkg/sandbox/shim_launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/pipe.h"
#include "pkg/sandbox/terminal.h"

namespace kata::sandbox {
namespace {

using base::FdRef;
using base::UniqueFd;

struct NamespaceType {
    const char* name;
    int flag;
};

// In the order of joining: with a pid namespace joined, /proc/<pid>/ns paths would mean something
// else.
constexpr std::array<NamespaceType, 4> kShimNamespaces{{{"network", CLONE_NEWNET},
                                                        {"ipc", CLONE_NEWIPC},
                                                        {"uts", CLONE_NEWUTS},
                                                        {"pid", CLONE_NEWPID}}};

// The launcher's report: which step failed, by errno; or the pid of the shim.
struct LaunchReport {
    pid_t pid = 0;
    std::int32_t error_number = 0;
    std::int32_t step = 0;  // index into join, or one of the two below
};
constexpr std::int32_t kStepUnshare = -1;
constexpr std::int32_t kStepFork = -2;
constexpr std::int32_t kStepExec = -3;

struct OpenNamespace {
    UniqueFd fd;
    int type;
};

std::vector<OpenNamespace> open_namespaces(const ShimNamespaces& namespaces) {
    std::vector<OpenNamespace> opened;
    for (const auto& join : namespaces.join) {
        opened.push_back({base::open_file(join.path, O_RDONLY), join.type});
    }
    return opened;
}

struct LauncherPlan {
    const std::vector<OpenNamespace>& join;
    int create;
    int program;
    int control;
    int report;
    int terminal;  // -1: keep standard input, output and error
    char* const* argv;
};

void send_report(int fd, const LaunchReport& report) {
    [[maybe_unused]] const ssize_t sent = ::write(fd, &report, sizeof report);
}

// Everything below runs between fork and exec, in a process without threads.
[[noreturn]] void become_shim(const LauncherPlan& plan) {
    ::setsid();
    // A signal that comes before the shim has its handlers waits for them.
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    if (plan.terminal >= 0) {
        for (const int fd : {0, 1, 2}) {
            ::dup2(plan.terminal, fd);
        }
    }
    // The control socket takes its number last: that number may hold one of the others until then,
    // so those were opened above it.
    ::dup2(plan.control, kShimControlFd);
    char* const environment[] = {nullptr};
    ::fexecve(plan.program, plan.argv, environment);
    send_report(plan.report, {0, errno, kStepExec});
    ::_exit(127);
}

[[noreturn]] void run_launcher(const LauncherPlan& plan) {
    for (std::size_t i = 0; i < plan.join.size(); ++i) {
        if (::setns(plan.join[i].fd.get(), plan.join[i].type) != 0) {
            send_report(plan.report, {0, errno, static_cast<std::int32_t>(i)});
            ::_exit(1);
        }
    }
    if (::unshare(plan.create) != 0) {
        send_report(plan.report, {0, errno, kStepUnshare});
        ::_exit(1);
    }
    const pid_t child = ::fork();
    if (child < 0) {
        send_report(plan.report, {0, errno, kStepFork});
        ::_exit(1);
    }
    if (child == 0) {
        become_shim(plan);
    }
    send_report(plan.report, {child, 0, 0});
    ::_exit(0);
}

base::Error launch_error(const LaunchReport& report, const ShimLaunch& launch) {
    switch (report.step) {
        case kStepUnshare:
            return base::errno_error("make the container's namespaces", "", report.error_number);
        case kStepFork:
            return base::errno_error("start", launch.program.native(), report.error_number);
        case kStepExec:
            return base::errno_error("run", launch.program.native(), report.error_number);
        default: {
            const auto& join = launch.namespaces.join.at(static_cast<std::size_t>(report.step));
            return base::errno_error("join namespace", join.path, report.error_number);
        }
    }
}

// Waits for the launcher, then reads what it and the shim have reported. End of file on the pipe
// means that the shim has been executed: its copy was closed by that.
pid_t await_launch(pid_t launcher, UniqueFd report_end, const ShimLaunch& launch) {
    pid_t shim = 0;
    LaunchReport report;
    ssize_t count = 0;
    while ((count = ::read(report_end.get(), &report, sizeof report)) != 0) {
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count != sizeof report || report.error_number != 0) {
            ::waitpid(launcher, nullptr, 0);
            throw launch_error(report, launch);
        }
        shim = report.pid;
    }
    while (::waitpid(launcher, nullptr, 0) < 0 && errno == EINTR) {
    }
    return shim;
}

// A descriptor above those that become_shim assigns.
UniqueFd lifted(UniqueFd fd) {
    if (fd.get() > kShimControlFd) {
        return fd;
    }
    UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kShimControlFd + 1));
    if (!copy.valid()) {
        throw base::errno_error("duplicate a descriptor", "", errno);
    }
    return copy;
}

}  // namespace

ShimNamespaces shim_namespaces(const oci::Spec& spec) {
    ShimNamespaces namespaces;
    namespaces.create = CLONE_NEWNS;
    for (const auto& [name, flag] : kShimNamespaces) {
        const oci::Namespace* wanted = oci::find_namespace(spec, name);
        if (wanted == nullptr) {
            continue;
        }
        if (wanted->path.empty()) {
            namespaces.create |= flag;
        } else {
            namespaces.join.push_back({wanted->path, flag});
        }
    }
    return namespaces;
}

ShimNamespaces exec_shim_namespaces(pid_t init_shim) {
    ShimNamespaces namespaces;
    namespaces.join.push_back({"/proc/" + std::to_string(init_shim) + "/ns/pid", CLONE_NEWPID});
    return namespaces;
}

ShimProcess::ShimProcess(base::ProcessId id, UniqueFd control)
    : id_(id), control_(std::move(control)) {}

ShimProcess ShimProcess::launch(const ShimLaunch& launch) {
    const auto join = open_namespaces(launch.namespaces);
    const UniqueFd program = lifted(base::open_file(launch.program, O_RDONLY));
    base::SocketPair control = base::make_socket_pair();
    const UniqueFd shim_end = lifted(std::move(control.second));
    UniqueFd terminal;
    if (!launch.console_socket.empty()) {
        terminal = lifted(open_terminal_for(launch.console_socket));
    }
    base::Pipe report = base::make_pipe();
    report.write_end = lifted(std::move(report.write_end));
    std::string name = "kata-shim";
    std::string terminal_flag = "--terminal";
    char* const argv[] = {
        name.data(), launch.own_terminal ? terminal_flag.data() : nullptr, nullptr};
    const LauncherPlan plan{join,
                            launch.namespaces.create,
                            program.get(),
                            shim_end.get(),
                            report.write_end.get(),
                            terminal.get(),
                            argv};
    const pid_t launcher = ::fork();
    if (launcher < 0) {
        throw base::errno_error("start", launch.program.native(), errno);
    }
    if (launcher == 0) {
        run_launcher(plan);
    }
    report.write_end.reset();
    const pid_t pid = await_launch(launcher, std::move(report.read_end), launch);
    const auto id = base::find_process(pid);
    if (!id) {
        throw base::Error(base::ErrorCode::internal,
                          "cannot start \"" + launch.program.native() + "\": it ended at once");
    }
    return ShimProcess(*id, std::move(control.first));
}

void ShimProcess::request(const ShimRequest& request, base::Deadline deadline) {
    exchange(request, {}, deadline);
}

void ShimProcess::relay(ShimRelayRequest request,
                        DialedPort port,
                        UniqueFd memory_cgroup,
                        base::Deadline deadline) {
    std::vector<FdRef> fds{port.connection.ref()};
    if (port.lock.valid()) {
        fds.push_back(port.lock.ref());
    }
    request.memory_cgroup = memory_cgroup.valid();
    if (memory_cgroup.valid()) {
        fds.push_back(memory_cgroup.ref());
    }
    exchange(request, fds, deadline);
    control_.reset();
}

void ShimProcess::exchange(const ShimRequest& request,
                           const std::vector<FdRef>& fds,
                           base::Deadline deadline) {
    base::send_message(control_.ref(), to_json_text(request), fds);
    pollfd polled{control_.get(), POLLIN, 0};
    while (::poll(&polled, 1, static_cast<int>(base::kInterruptionInterval.count())) <= 0) {
        base::throw_if_interrupted();
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout, "kata-shim did not answer");
        }
    }
    const auto message = base::receive_message(control_.ref());
    if (!message) {
        throw base::Error(base::ErrorCode::internal, "kata-shim ended while it was being set up");
    }
    if (const ShimReply reply = parse_shim_reply(message->data); !reply.error.empty()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot set up the container's mounts",
                          base::printable(reply.error));
    }
}

}  // namespace kata::sandbox
