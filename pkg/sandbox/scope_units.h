// ScopeUnits: scopes of the host's systemd, the units by which it accounts, lists and ends
// processes that it has not started. A port: pkg/systemd asks for them over D-Bus.
#pragma once

#include <sys/types.h>

#include <string>

#include "pkg/base/deadline.h"

namespace kata::sandbox {

struct ScopeUnit {
    std::string name;   // "docker-1234.scope"
    std::string slice;  // the slice it is in: "system.slice"
    bool operator==(const ScopeUnit&) const = default;
};

class ScopeUnits {
  public:
    ScopeUnits() = default;
    ScopeUnits(const ScopeUnits&) = delete;
    ScopeUnits& operator=(const ScopeUnits&) = delete;
    ScopeUnits(ScopeUnits&&) = delete;
    ScopeUnits& operator=(ScopeUnits&&) = delete;
    virtual ~ScopeUnits() = default;

    /// Makes a scope with that process in it, whose cgroups below the unit's own are ours to make.
    /// @throws base::Error with systemd's words; the scope may come into being even so.
    virtual void start(const ScopeUnit& unit, pid_t pid, base::Deadline deadline) = 0;

    /// Ends a scope with all that is in it, and forgets it if it has failed. One that is not there
    /// is fine. @throws base::Error with systemd's words.
    virtual void stop(const std::string& name, base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
