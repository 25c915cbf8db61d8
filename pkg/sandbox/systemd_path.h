// linux.cgroupsPath in systemd's notation, "slice:prefix:name", as engines write it whose cgroups
// systemd keeps: the unit it means, and where systemd has the cgroup of that unit. Text only;
// nothing here asks systemd.
#pragma once

#include <optional>
#include <string>

#include "pkg/sandbox/scope_units.h"

namespace kata::sandbox {

/// The unit that a path means, as far as it can be made out; nullopt if it is not of that form.
[[nodiscard]] std::optional<ScopeUnit> parse_systemd_path(const std::string& cgroups_path);

/// From the top of a hierarchy: "/a.slice/a-b.slice/docker-1234.scope".
[[nodiscard]] std::string cgroup_of(const ScopeUnit& unit);

/// Whether systemd takes it for the name of a scope, or of a slice: plain, at most 255 bytes long,
/// and never a path.
[[nodiscard]] bool is_scope_name(const std::string& name);
[[nodiscard]] bool is_slice_name(const std::string& name);

/// A scope of our own naming. @param id of a container or sandbox; what cannot be in a unit's name
/// is escaped as by systemd-escape(1).
[[nodiscard]] std::string scope_name(const std::string& prefix, const std::string& id);

}  // namespace kata::sandbox
