// Connection: one connection to a libvirt daemon, opened at the first call and kept.
//
// Every call runs on a worker thread under a deadline. A call that does not come back takes the
// connection with it: it is abandoned to its worker, and the next call opens a new one. Calls are
// made one after the other, because a daemon answers only a few requests per client at once.
// Not a cache: no domain handle outlives the call that looked it up.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"
#include "pkg/libvirt-driver/bounded_call.h"
#include "pkg/libvirt-driver/handles.h"

namespace kata::libvirt_driver {

class Connection {
  public:
    /// @param uri as libvirt takes it, e.g. "qemu:///system". Nothing is opened yet.
    explicit Connection(std::string uri) : uri_(std::move(uri)) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    [[nodiscard]] const std::string& uri() const { return uri_; }

    /// The result of `function(virConnectPtr)`, run on a worker. It must own (capture by value) all
    /// it uses: after a time-out it may go on running when the caller has gone.
    /// @param operation for the message of a time-out, e.g. `cannot start VM "x"`.
    /// @throws Error unavailable if the daemon cannot be reached, timeout, or what `function`
    /// throws.
    template <typename Function>
    auto call(const std::string& operation, base::Deadline deadline, Function function)
        -> std::invoke_result_t<Function&, virConnectPtr> {
        const std::unique_lock turn = wait_for_turn(operation, deadline);
        auto handle = open(deadline);
        auto work = [handle, function = std::move(function)]() mutable {
            return function(handle.get());
        };
        return run(std::move(work), operation, deadline);
    }

  private:
    [[nodiscard]] std::unique_lock<std::timed_mutex> wait_for_turn(const std::string& operation,
                                                                   base::Deadline deadline);
    [[nodiscard]] std::shared_ptr<virConnect> open(base::Deadline deadline);

    template <typename Work>
    auto run(Work work, const std::string& operation, base::Deadline deadline) {
        try {
            return call_with_deadline(std::move(work), deadline, operation);
        } catch (const base::Error& error) {
            drop_if_unusable(error.code());
            throw;
        }
    }

    void drop_if_unusable(base::ErrorCode failure);

    std::string uri_;
    std::timed_mutex turn_;
    std::shared_ptr<virConnect> handle_;  // null: not open, or abandoned
};

}  // namespace kata::libvirt_driver
