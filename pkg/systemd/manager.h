// Manager: one conversation with systemd's manager over D-Bus, which ends by its deadline whatever
// the other side does. Hence no sd_bus_call(): on its way to a connection that is in use it waits
// as long as the library thinks right.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemd/sd-bus.h>

#include "pkg/base/deadline.h"

namespace kata::systemd {

struct BusRelease {
    void operator()(sd_bus* bus) const noexcept { ::sd_bus_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, BusRelease>;

struct MessageRelease {
    void operator()(sd_bus_message* message) const noexcept { ::sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageRelease>;

/// The system's bus, where DBUS_SYSTEM_BUS_ADDRESS or its usual place say. Waits for nothing.
/// @throws base::Error unavailable.
[[nodiscard]] Bus open_system_bus();

/// For all calls of the library: what it returns when it fails is an errno, negative.
/// @throws base::Error unavailable, or by that number.
void require(int result);

class Manager {
  public:
    Manager(Bus bus, base::Deadline deadline) : bus_(std::move(bus)), deadline_(deadline) {}

    /// A call of one of its methods, without arguments yet.
    [[nodiscard]] Message request(const char* method) const;

    /// @return the answer. @throws base::Error with systemd's words: already_exists and not_found
    /// of a unit, timeout at the deadline, unavailable if nobody answers there, interrupted.
    Message call(const Message& request);

    /// A call that makes a job for that unit, and the end of the job.
    /// @return systemd's word for it: "done", "failed", "canceled" and others.
    std::string run_job(const std::string& unit, const Message& request);

    /// Has systemd forget that a unit has failed. That there is nothing to forget is fine.
    void reset_failed(const std::string& unit);

  private:
    void process_until(const std::function<bool()>& done);

    Bus bus_;
    base::Deadline deadline_;
};

}  // namespace kata::systemd
