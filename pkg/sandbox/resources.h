// Changing a container's resources: what a request changes in the container's spec, and what of
// that concerns its cgroup in the guest. Pure functions on linux.resources objects.
#pragma once

#include <nlohmann/json.hpp>

namespace kata::sandbox {

/// `stored` with the values of `change` that mean one. As engines write requests, 0 and "" stand
/// for "leave it", except where 0 is a value: cpu.idle and cpu.burst.
[[nodiscard]] nlohmann::json merged_resources(nlohmann::json stored, const nlohmann::json& change);

/// What the guest is told: the parts of `merged` that `change` touches, values that belong together
/// (quota and period, memory limit and swap) both. CPU and node lists are the host's.
[[nodiscard]] nlohmann::json guest_resources(const nlohmann::json& merged,
                                             const nlohmann::json& change);

}  // namespace kata::sandbox
