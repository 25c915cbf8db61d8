#include "pkg/libvirt-driver/connection.h"

#include <fmt/format.h>

#include "pkg/libvirt-driver/event_loop.h"
#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

// A daemon silent for kKeepaliveSeconds * kKeepaliveProbes seconds is taken for dead.
constexpr int kKeepaliveSeconds = 5;
constexpr unsigned kKeepaliveProbes = 3;
constexpr std::chrono::milliseconds kCloseTime{500};

ConnectionHandle open_connection(const std::string& uri) {
    ConnectionHandle handle(virConnectOpen(uri.c_str()));
    if (handle == nullptr) {
        const Error error = last_error("libvirt");
        if (error.code() == ErrorCode::permission_denied) {
            throw error.with_context(fmt::format("cannot connect to \"{}\"", base::printable(uri)));
        }
        throw unreachable_error(uri, error.what());
    }
    // Drivers inside this process (test:///) know no keepalive: 1 or an error, both harmless.
    static_cast<void>(virConnectSetKeepAlive(handle.get(), kKeepaliveSeconds, kKeepaliveProbes));
    return handle;
}

}  // namespace

Connection::~Connection() {
    if (handle_ == nullptr) {
        return;
    }
    // Closing asks the daemon, so a hung one would hold up the end of this process.
    try {
        call_with_deadline([handle = std::move(handle_)]() mutable { handle.reset(); },
                           base::Deadline::after(kCloseTime),
                           "cannot close the connection to libvirt");
    } catch (const Error&) {
        // The worker keeps the handle; there is nobody left whom the failure concerns.
    }
}

std::unique_lock<std::timed_mutex> Connection::wait_for_turn(const std::string& operation,
                                                             base::Deadline deadline) {
    std::unique_lock turn(turn_, std::defer_lock);
    const auto begin = base::Deadline::Clock::now();
    if (!turn.try_lock_until(deadline.when())) {
        const std::chrono::duration<double> waited = base::Deadline::Clock::now() - begin;
        throw no_answer_error(operation, waited.count());
    }
    return turn;
}

std::shared_ptr<virConnect> Connection::open(base::Deadline deadline) {
    if (handle_ == nullptr) {
        ensure_event_loop();
        handle_ =
            call_with_deadline([uri = uri_] { return open_connection(uri); },
                               deadline,
                               fmt::format("cannot connect to \"{}\"", base::printable(uri_)));
    }
    return handle_;
}

void Connection::drop_if_unusable(ErrorCode failure) {
    // After a time-out even a question about the connection could block: it is given up unasked.
    if (failure == ErrorCode::timeout || virConnectIsAlive(handle_.get()) != 1) {
        handle_.reset();
    }
}

}  // namespace kata::libvirt_driver
