#include "pkg/libvirt-driver/bounded_call.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "pkg/base/scope_exit.h"

namespace kata::libvirt_driver {

void start_detached_thread(std::function<void()> body) {
    // A new thread inherits the mask of its starter, so blocking here leaves no moment in which the
    // new thread could be chosen for a signal.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const base::ScopeExit restore(
        [&before]() noexcept { pthread_sigmask(SIG_SETMASK, &before, nullptr); });
    try {
        std::thread(std::move(body)).detach();
    } catch (const std::system_error& error) {
        throw base::errno_error("start", "thread for libvirt", error.code().value());
    }
}

base::Error no_answer_error(const std::string& operation, double deadline_seconds) {
    return {base::ErrorCode::timeout,
            fmt::format("{}: libvirt did not answer within {:.1f} s; is libvirtd hung? "
                        "(systemctl restart libvirtd leaves running VMs alone)",
                        operation,
                        deadline_seconds)};
}

}  // namespace kata::libvirt_driver
