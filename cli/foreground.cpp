#include "cli/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/pipe.h"

namespace kata::cli {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<int> g_relay_pipe{-1};

bool is_fault_of_ours(int signal, const siginfo_t* info) {
    const bool fault = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
                       signal == SIGILL || signal == SIGTRAP || signal == SIGSYS;
    return fault && info->si_code > 0;
}

void queue_signal(int signal, siginfo_t* info, void* /*context*/) {
    const int saved_errno = errno;
    if (is_fault_of_ours(signal, info)) {
        // Returning repeats the instruction, and this time it ends the process as it should.
        ::signal(signal, SIG_DFL);
    } else if (signal != SIGPIPE || info->si_pid != ::getpid()) {
        const auto byte = static_cast<unsigned char>(signal);
        [[maybe_unused]] const ssize_t queued = ::write(g_relay_pipe.load(), &byte, 1);
    }
    errno = saved_errno;
}

void handle_all_signals(void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action {};
    if (handler != nullptr) {
        action.sa_sigaction = handler;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
    } else {
        action.sa_handler = SIG_DFL;
    }
    sigfillset(&action.sa_mask);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        // Fails for SIGKILL, SIGSTOP and those of the C library, which nobody can catch.
        ::sigaction(signal, &action, nullptr);
    }
}

void set_terminal(base::FdRef terminal, const struct termios& settings) {
    // A process in the background would be stopped here and keep the terminal raw.
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stop, &before);
    ::tcsetattr(terminal.get(), TCSADRAIN, &settings);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// The exit status of `child` if it has ended; nullopt if it still runs.
std::optional<int> exit_status(const base::ProcessId& child) {
    int status = 0;
    const pid_t ended = ::waitpid(child.pid, &status, WNOHANG);
    if (ended < 0) {
        throw base::errno_error("wait for", "kata-shim " + std::to_string(child.pid), errno);
    }
    if (ended == 0) {
        return std::nullopt;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

RawTerminal::RawTerminal(base::FdRef terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_.get(), &saved_) != 0) {
        throw base::errno_error("use", "standard input as a terminal", errno);
    }
    struct termios raw = saved_;
    ::cfmakeraw(&raw);
    set_terminal(terminal_, raw);
}

RawTerminal::~RawTerminal() {
    set_terminal(terminal_, saved_);
}

SignalRelay::SignalRelay() {
    auto [read_end, write_end] = base::make_pipe();
    read_end_ = std::move(read_end);
    write_end_ = std::move(write_end);
    ::fcntl(write_end_.get(), F_SETFL, O_NONBLOCK);
    g_relay_pipe.store(write_end_.get());
    handle_all_signals(queue_signal);
}

SignalRelay::~SignalRelay() {
    handle_all_signals(nullptr);
    g_relay_pipe.store(-1);
}

int SignalRelay::wait_for(const base::ProcessId& child) {
    while (true) {
        if (const auto status = exit_status(child)) {
            return *status;
        }
        unsigned char signal = 0;
        const ssize_t count = ::read(read_end_.get(), &signal, 1);
        if (count < 0 && errno != EINTR) {
            throw base::errno_error("read", "signal pipe", errno);
        }
        if (count == 1 && signal != SIGCHLD) {
            base::send_signal(child, signal);
        }
    }
}

void adopt_orphans() {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        throw base::errno_error("become", "subreaper", errno);
    }
}

void require_own_terminal() {
    if (::isatty(STDIN_FILENO) != 1) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot give the process a terminal: standard input is not a terminal; "
                          "start it from one, or use --detach with --console-socket");
    }
}

}  // namespace kata::cli
