#include "pkg/base/netlink/network_namespace.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/scope_exit.h"

namespace kata::netlink {

void in_network_namespace(base::FdRef network_namespace, const std::function<void()>& work) {
    std::exception_ptr failure;
    // Signals are the caller's: the thread inherits a mask that leaves it none.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const base::ScopeExit restore(
        [&before]() noexcept { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); });
    std::thread([&] {
        try {
            if (::setns(network_namespace.get(), CLONE_NEWNET) != 0) {
                throw base::errno_error("enter", "the network namespace", errno);
            }
            work();
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

NamespaceIdentity identity_of(base::FdRef network_namespace) {
    struct stat status {};
    if (::fstat(network_namespace.get(), &status) != 0) {
        throw base::errno_error("look at", "the network namespace", errno);
    }
    return {status.st_dev, status.st_ino};
}

std::optional<NamespaceIdentity> identity_of(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return NamespaceIdentity{status.st_dev, status.st_ino};
}

}  // namespace kata::netlink
