// Scopes: transient scopes of the host's systemd, asked for over its system bus. Implements the
// port sandbox::ScopeUnits for libkata-vm.so. Each call has a connection of its own.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pkg/sandbox/scope_units.h"
#include "pkg/systemd/manager.h"

namespace kata::systemd {

struct Pids {
    std::vector<std::uint32_t> list;
    bool operator==(const Pids&) const = default;
};

struct Property {
    const char* name;
    std::variant<bool, std::string, Pids> value;
};

/// What a scope is asked for with: as runc and crun have theirs, and gone when it is empty, also if
/// it has failed.
[[nodiscard]] std::vector<Property> scope_properties(const sandbox::ScopeUnit& unit, pid_t pid);

class Scopes : public sandbox::ScopeUnits {
  public:
    explicit Scopes(std::function<Bus()> open = open_system_bus) : open_(std::move(open)) {}

    void start(const sandbox::ScopeUnit& unit, pid_t pid, base::Deadline deadline) override;
    void stop(const std::string& name, base::Deadline deadline) override;

  private:
    std::function<Bus()> open_;
};

}  // namespace kata::systemd
