#include "pkg/agent/shim/signal_queue.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/pipe.h"

namespace kata::agent {
namespace {

// Room for some 80000 signals; the kernel uses memory only for what is in it.
constexpr int kQueueBytes = 1 << 20;

// A handler gets no argument of ours: the one piece of state that has to be global.
std::atomic<int> handler_pipe{-1};

void on_signal(int number, siginfo_t* info, void* /*context*/) {
    const int saved_errno = errno;
    const SignalEvent event{number, info->si_code, info->si_code <= 0 ? info->si_pid : 0};
    // Returning from a fault would meet it again at once; a queue cannot help any more.
    if (action_for(event, ::getpid(), true) == SignalAction::crash) {
        ::_exit(128 + number);
    }
    [[maybe_unused]] const ssize_t written = ::write(handler_pipe, &event, sizeof event);
    errno = saved_errno;
}

}  // namespace

SignalQueue::SignalQueue() {
    auto [read_end, write_end] = base::make_pipe(O_NONBLOCK);
    read_end_ = std::move(read_end);
    write_end_ = std::move(write_end);
    ::fcntl(write_end_.get(), F_SETPIPE_SZ, kQueueBytes);
    handler_pipe = write_end_.get();
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    for (int number = 1; number <= kLastSignal; ++number) {
        if (is_catchable(number)) {
            ::sigaction(number, &action, &old_actions_.at(static_cast<std::size_t>(number)));
        }
    }
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

SignalQueue::~SignalQueue() {
    for (int number = 1; number <= kLastSignal; ++number) {
        if (is_catchable(number)) {
            ::sigaction(number, &old_actions_.at(static_cast<std::size_t>(number)), nullptr);
        }
    }
    handler_pipe = -1;
}

std::optional<SignalEvent> SignalQueue::next(base::FdRef stop) {
    for (;;) {
        SignalEvent event;
        if (::read(read_end_.get(), &event, sizeof event) == sizeof event) {
            return event;
        }
        pollfd waiting[] = {{read_end_.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
        if (::poll(waiting, 2, -1) > 0 && waiting[1].revents != 0) {
            return std::nullopt;
        }
    }
}

BlockedSignals::BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old_mask_);
}

BlockedSignals::~BlockedSignals() {
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

}  // namespace kata::agent
