#include "pkg/sandbox/cgroup_place.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/systemd_path.h"

namespace kata::sandbox {
namespace {

using std::chrono::seconds;

constexpr seconds kStart{20};
constexpr seconds kStop{10};

void require_unit_names(const ScopeUnit& scope) {
    for (const auto& [name, valid] : {std::pair(scope.name, is_scope_name(scope.name)),
                                      std::pair(scope.slice, is_slice_name(scope.slice))}) {
        if (!valid) {
            throw base::Error(base::ErrorCode::invalid_argument,
                              "linux.cgroupsPath means a unit that systemd cannot have: \"" +
                                  base::printable(name, 300) +
                                  "\"; names of units are at most 255 letters, digits and :_.-\\");
        }
    }
}

base::Error not_for_systemd(const std::string& cgroups_path) {
    return {base::ErrorCode::invalid_argument,
            "linux.cgroupsPath must be \"slice:prefix:name\" with --systemd-cgroup, not \"" +
                base::printable(cgroups_path, 300) + "\""};
}

// Without the option, colons may be meant as they are: only what ends like a slice is one.
std::optional<ScopeUnit> wanted_unit(const RuntimeConfig& config,
                                     const std::string& cgroups_path,
                                     const oci::ContainerId& id) {
    if (cgroups_path.empty()) {
        return config.systemd_cgroup
                   ? std::optional(ScopeUnit{scope_name("kata-", id.str()), "system.slice"})
                   : std::nullopt;
    }
    const auto unit = parse_systemd_path(cgroups_path);
    if (config.systemd_cgroup && !unit) {
        throw not_for_systemd(cgroups_path);
    }
    return unit && (config.systemd_cgroup || unit->slice.ends_with(".slice")) ? unit : std::nullopt;
}

// Systemd's failure is not ours; a signal to us is.
void go_on_without(const base::Error& error, const std::string& consequence, base::Log& log) {
    if (error.code() == base::ErrorCode::interrupted) {
        throw base::Error(error);
    }
    log.warning(std::string(error.what()) + "; " + consequence);
}

bool is_there(const Effect& effect, const std::string& scope) {
    const std::filesystem::path directory = effect.object;
    struct stat status {};
    return effect.kind == Effect::Kind::cgroup && directory.filename() == scope &&
           ::lstat(directory.c_str(), &status) == 0;
}

}  // namespace

bool runs_systemd() {
    struct stat status {};
    return ::lstat("/run/systemd/system", &status) == 0 && S_ISDIR(status.st_mode);
}

CgroupPlace plan_cgroup(const RuntimeConfig& config,
                        const std::string& cgroups_path,
                        const oci::ContainerId& id,
                        const std::string& sandbox_id,
                        bool with_systemd) {
    auto unit = with_systemd ? wanted_unit(config, cgroups_path, id) : std::nullopt;
    if (unit && config.sandbox_cgroup_only) {
        unit->name = scope_name("kata_", sandbox_id);
    }
    // Processes cannot be in a slice of systemd's: who names one wants its directory.
    if (!unit || is_slice_name(unit->name)) {
        return {config.sandbox_cgroup_only ? sandbox_cgroup_path(cgroups_path, id, sandbox_id)
                                           : cgroup_path(cgroups_path, id),
                std::nullopt};
    }
    require_unit_names(*unit);
    return {cgroup_of(*unit), unit};
}

void start_scope(
    const ScopeUnit& scope, pid_t pid, VmBackend& vm, Journal& journal, base::Log& log) {
    journal.record(Effect::Kind::scope, scope.name);
    try {
        vm.scopes().start(scope, pid, base::Deadline::after(kStart));
    } catch (const base::Error& error) {
        go_on_without(error, "its cgroups are made without systemd, which does not list them", log);
    }
}

void stop_scope(const std::string& object,
                const std::vector<Effect>& effects,
                VmBackend& vm,
                base::Log& log,
                base::Deadline deadline) {
    if (!is_scope_name(object)) {
        throw base::Error(
            base::ErrorCode::internal,
            "\"" + base::printable(object, 300) + "\" in the journal is no scope of systemd");
    }
    if (std::ranges::any_of(effects, [&](const Effect& one) { return is_there(one, object); })) {
        return;
    }
    try {
        vm.scopes().stop(object, deadline.at_most(kStop));
    } catch (const base::Error& error) {
        go_on_without(error, "systemd forgets it by itself when it is empty", log);
    }
}

}  // namespace kata::sandbox
