#include "pkg/agent/shim/relay.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"

namespace kata::agent {
namespace {

using base::Error;

constexpr std::size_t kInputPieceBytes = 32 << 10;

base::UniqueFd make_stop_event() {
    base::UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    if (!event.valid()) {
        throw base::errno_error("create an eventfd", "", errno);
    }
    return event;
}

void reap_children() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

}  // namespace

Relay::Relay(ProcessClient& process, StandardFds fds, SignalQueue& signals, RelayOptions options)
    : process_(process),
      fds_(fds),
      signals_(signals),
      options_(options),
      progress_(options.idle_limit),
      stop_(make_stop_event()),
      input_(process.open_input()),
      output_(process.open_output(OutputStream::Source::standard_output)),
      error_(process.open_output(OutputStream::Source::standard_error)) {
    using Output = RelayProgress::Output;
    const BlockedSignals blocked;
    threads_.emplace_back([this] { await_process(); });
    threads_.emplace_back([this] { relay_signals(); });
    threads_.emplace_back([this] { relay_input(); });
    threads_.emplace_back([this] { relay_output(*output_, Output::standard_output, fds_.output); });
    threads_.emplace_back([this] { relay_output(*error_, Output::standard_error, fds_.error); });
}

Relay::~Relay() {
    static_cast<void>(::eventfd_write(stop_.get(), 1));
    process_.cancel_wait();
    input_->cancel();
    output_->cancel();
    error_->cancel();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

int Relay::wait() {
    return progress_.wait().value_or(kStatusUnknown);
}

void Relay::await_process() {
    try {
        progress_.process_ended(process_.wait());
    } catch (const Error&) {
        progress_.process_ended(std::nullopt);
    }
}

void Relay::relay_input() {
    std::string buffer(kInputPieceBytes, '\0');
    for (;;) {
        const std::size_t count =
            read_some(base::FdRef(fds_.input), buffer.data(), buffer.size(), stop_.ref());
        if (count == 0) {
            input_->close();
            return;
        }
        if (!input_->write({buffer.data(), count})) {
            abandon_input();
            return;
        }
    }
}

// Whoever writes to our standard input must get the same EPIPE as from a process that has closed
// its own.
void Relay::abandon_input() const {
    if (fds_.null >= 0) {
        ::dup2(fds_.null, fds_.input);
    }
}

void Relay::relay_output(OutputStream& stream, RelayProgress::Output output, int fd) {
    std::string piece;
    while (stream.read(piece)) {
        progress_.writing(output);
        if (!write_everything(base::FdRef(fd), piece, stop_.ref())) {
            stream.cancel();
            break;
        }
        progress_.written(output);
    }
    progress_.ended(output);
}

void Relay::relay_signals() {
    send_size();
    while (const auto event = signals_.next(stop_.ref())) {
        serve_signal(*event);
    }
}

void Relay::serve_signal(const SignalEvent& event) {
    switch (action_for(event, ::getpid(), options_.terminal)) {
        case SignalAction::forward:
            forward(event.number);
            break;
        case SignalAction::reap:
            reap_children();
            break;
        case SignalAction::reap_and_forward:
            reap_children();
            forward(event.number);
            break;
        case SignalAction::resize:
            send_size();
            break;
        case SignalAction::resize_or_forward:
            if (!send_size()) {
                forward(event.number);
            }
            break;
        case SignalAction::ignore:
        case SignalAction::crash:
            break;
    }
}

// A refusal (the process has just ended, is not started yet) ends nothing: await_process decides
// that.
void Relay::forward(int number) {
    try {
        process_.signal(number);
    } catch (const Error&) {
        return;
    }
}

// True if there was a new size.
bool Relay::send_size() {
    if (!options_.terminal) {
        return false;
    }
    if (options_.own_terminal) {
        make_raw(base::FdRef(fds_.input));
    }
    std::optional<TerminalSize> size;
    for (const int fd : {fds_.input, fds_.output, fds_.error}) {
        size = size ? size : terminal_size(base::FdRef(fd));
    }
    if (!size || size == size_) {
        return false;
    }
    try {
        process_.resize(size->rows, size->columns);
        size_ = size;
    } catch (const Error&) {
        return true;
    }
    return true;
}

}  // namespace kata::agent
