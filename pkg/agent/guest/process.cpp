#include "pkg/agent/guest/process.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

base::Error no_such_process() {
    return {base::ErrorCode::not_found, "cannot signal the process: no such process"};
}

}  // namespace

Process::Process(Key /*key*/, EventLoop& loop, pid_t pid)
    : loop_(loop), pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

std::shared_ptr<Process> Process::make(EventLoop& loop, pid_t pid, ProcessIo io) {
    auto process = std::make_shared<Process>(Key(), loop, pid);
    if (io.terminal) {
        process->terminal_ = base::UniqueFd(::fcntl(io.output.get(), F_DUPFD_CLOEXEC, 3));
    }
    const auto on_settled = [weak = std::weak_ptr<Process>(process)] {
        if (const auto self = weak.lock()) {
            self->answer_waiters();
        }
    };
    process->input_ = std::make_shared<InputStream>(loop, std::move(io.input), io.terminal);
    process->output_ =
        std::make_shared<OutputStream>(loop, std::move(io.output), io.terminal, on_settled);
    process->error_ = std::make_shared<OutputStream>(loop, std::move(io.error), false, on_settled);
    return process;
}

void Process::signal(int signal) const {
    if (ended_ || !pidfd_.valid()) {
        throw no_such_process();
    }
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0) {
        if (errno == ESRCH) {
            throw no_such_process();
        }
        throw base::errno_error("signal", "the process", errno);
    }
}

void Process::resize(std::uint16_t rows, std::uint16_t columns) const {
    if (!terminal_.valid()) {
        throw base::Error(base::ErrorCode::invalid_state,
                          "cannot resize the terminal: the process has none");
    }
    if (rows == 0 && columns == 0) {
        return;
    }
    const winsize size{rows, columns, 0, 0};
    if (::ioctl(terminal_.get(), TIOCSWINSZ, &size) != 0) {
        throw base::errno_error("resize", "the terminal", errno);
    }
}

void Process::note_exit(int exit_code) {
    ended_ = true;
    const int reported = reported_exit_ >= 0 ? reported_exit_.load() : exit_code;
    loop_.post([self = shared_from_this(), reported] { self->finish_streams(reported); });
}

void Process::finish_streams(int exit_code) {
    exit_code_ = exit_code;
    input_->finish();
    output_->finish();
    error_->finish();
    answer_waiters();
}

std::uint64_t Process::wait(WaitHandler handler) {
    const std::uint64_t number = next_number_++;
    waiters_.push_back({number, std::move(handler)});
    answer_waiters();
    return number;
}

bool Process::cancel_wait(std::uint64_t number) {
    return std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.number == number; }) >
           0;
}

void Process::answer_waiters() {
    if (!exit_code_ || !output_->settled() || !error_->settled()) {
        return;
    }
    for (const Waiter& waiter : std::exchange(waiters_, {})) {
        waiter.handler(*exit_code_);
    }
}

}  // namespace kata::agent::guest
