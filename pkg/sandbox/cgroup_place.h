// CgroupPlace: where the host processes of one container are accounted, and whether that is a scope
// that systemd is asked for. A scope is asked for where the engine names it and systemd runs; where
// systemd does not help, the directories that it would have made are made without it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "pkg/base/log.h"
#include "pkg/oci/container_id.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/scope_units.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

struct CgroupPlace {
    std::string path;                // as HostCgroup takes it
    std::optional<ScopeUnit> scope;  // whose cgroup that is
    bool operator==(const CgroupPlace&) const = default;
};

/// Whether systemd is this host's init, as sd_booted(3) finds out.
[[nodiscard]] bool runs_systemd();

/// @param cgroups_path of the spec. @param with_systemd what runs_systemd() says.
/// @throws base::Error invalid_argument if systemd, which would be asked, cannot have such a unit.
[[nodiscard]] CgroupPlace plan_cgroup(const RuntimeConfig& config,
                                      const std::string& cgroups_path,
                                      const oci::ContainerId& id,
                                      const std::string& sandbox_id,
                                      bool with_systemd);

/// Journals a scope and asks for it, with that process in it. If systemd does not make it, a
/// warning says so and it is not missed. @throws base::Error interrupted.
void start_scope(
    const ScopeUnit& scope, pid_t pid, VmBackend& vm, Journal& journal, base::Log& log);

/// Undoes one. Not while something is in it, one of `effects` being its cgroup: what systemd would
/// end there is somebody else's, and it removes a scope by itself when that is empty.
/// @param object of an effect of that kind. @throws base::Error internal if it is no scope's name,
/// interrupted.
void stop_scope(const std::string& object,
                const std::vector<Effect>& effects,
                VmBackend& vm,
                base::Log& log,
                base::Deadline deadline);

}  // namespace kata::sandbox
