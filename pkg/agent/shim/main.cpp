// kata-shim stands on the host for one process in the guest: it has that process's pid for engines,
// holds its standard input, output and error, passes signals on, and ends with its exit status.
//
// How kata-runtime starts it:
//   argv   kata-shim [--terminal]
//          --terminal: descriptors 0 to 2 are a pty slave that becomes this session's controlling
//          terminal, in raw mode. Without it a terminal on them stays the caller's, who sets its
//          mode and sends SIGWINCH.
//   fd 3   a SOCK_SEQPACKET socket: pkg/sandbox/shim_control.h
//   fds 0-2  the workload's standard input, output and error
// It is already in its namespaces. Signals that the caller has blocked before execve are not lost:
// they are delivered once the handlers are there. The environment is not used.
//
// Exit status: the process's; 137 if the connection to the guest broke; 1 if kata-runtime died
// before the relay began. It never prints: its standard error is the workload's.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>

#include <absl/base/internal/sysinfo.h>
#include <grpc/grpc.h>

#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/process_client.h"
#include "pkg/agent/shim/control_session.h"
#include "pkg/agent/shim/dns_forwarder.h"
#include "pkg/agent/shim/oom_notice.h"
#include "pkg/agent/shim/relay.h"
#include "pkg/agent/shim/signal_queue.h"
#include "pkg/agent/shim/stdio.h"
#include "pkg/base/file.h"

namespace {

using namespace kata;

constexpr int kSetupFailed = 1;
constexpr std::chrono::seconds kCompanionsEnd{2};
constexpr std::chrono::milliseconds kCompanionsPoll{2};

// After the pivot every file of the system is the image's. What libraries read once and remember is
// read here.
void prepare_libraries() {
    // A second arena would make the C library look up the number of processors under /sys.
    ::mallopt(M_ARENA_MAX, 1);
    // Fixed, so that large buffers (a control message, a piece of output) go back to the system
    // when freed.
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    // Looked up at the first contended lock otherwise.
    static_cast<void>(absl::base_internal::NumCPUs());
    agent::silence_grpc();
    const agent::BlockedSignals blocked;
    ::grpc_init();
}

// With the first process of a pid namespace the kernel ends all others there. Those are the shims
// of execs that end in the guest just now, too: what they still have to pass on would be lost, and
// an engine that hears of the container's end first never asks for theirs.
void await_companions() {
    if (::getpid() != 1) {
        return;
    }
    const auto limit = std::chrono::steady_clock::now() + kCompanionsEnd;
    while (::kill(-1, 0) == 0 && std::chrono::steady_clock::now() < limit) {
        std::this_thread::sleep_for(kCompanionsPoll);
    }
}

int relay(agent::RelayOrder order,
          agent::SignalQueue& signals,
          int null,
          bool own_terminal,
          base::UniqueFd host_proc) {
    // gRPC starts its threads while the channel is made; none of them may run our handlers.
    std::optional<agent::BlockedSignals> blocked(std::in_place);
    const auto channel = agent::open_channel(std::move(order.connection));
    agent::ProcessClient process(channel, order.process.container_id, order.process.exec_id);
    agent::Relay relay(process,
                       {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, null},
                       signals,
                       {order.process.terminal, own_terminal});
    std::optional<agent::DnsStream> questions;
    std::optional<agent::DnsForwarder> forwarder;
    if (order.process.resolver) {
        questions.emplace(channel);
        forwarder.emplace(*questions);
    }
    blocked.reset();
    const int status = relay.wait();
    if (process.out_of_memory() && order.memory_cgroup.valid()) {
        agent::tell_out_of_memory(order.memory_cgroup.ref(), host_proc.ref());
    }
    await_companions();
    // Threads may still be blocked on standard input, so there is no way out but this.
    ::_exit(status & 0xff);
}

int run(bool own_terminal) {
    base::open_missing_stdio();
    ::close_range(sandbox::kShimControlFd + 1, ~0U, 0);
    agent::SignalQueue signals;
    ::prctl(PR_SET_NAME, "kata-shim");
    agent::lead_session();
    // A directory that somebody wants to unmount must not be held by an exec shim, which never
    // pivots.
    if (::chdir("/") != 0) {
        return kSetupFailed;
    }
    if (own_terminal) {
        agent::take_terminal(base::FdRef(STDIN_FILENO));
    }
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    // After the pivot /proc is the container's, if it has one at all.
    base::UniqueFd host_proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    prepare_libraries();
    ::fcntl(sandbox::kShimControlFd, F_SETFD, FD_CLOEXEC);
    agent::ControlSession session{base::UniqueFd(sandbox::kShimControlFd)};
    auto order = session.serve();
    return order ? relay(std::move(*order), signals, null, own_terminal, std::move(host_proc))
                 : kSetupFailed;
}

}  // namespace

int main(int argc, char** argv) {
    int status = kSetupFailed;
    try {
        const bool own_terminal = argc > 1 && std::string_view(argv[1]) == "--terminal";
        status = run(own_terminal);
    } catch (const std::exception&) {
        status = kSetupFailed;
    }
    ::_exit(status);
}
