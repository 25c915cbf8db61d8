// Kernel modules behind devices that few containers ask for: loaded when one does. The guest has no
// modprobe(8), and its kernel cannot ask for one.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace kata::agent::guest {

/// Loads what the list at `list_path` has for the devices of an OCI specification. A missing list
/// is fine; trouble is logged: the container finds the device without a driver then.
void load_device_modules(const nlohmann::json& spec,
                         const std::string& list_path = "/etc/kata-agent/device-modules");

/// The paths of the modules that `list` (lines "c 10:200 <path>") has for the specification's
/// devices, in their order.
[[nodiscard]] std::vector<std::string> modules_of_devices(const nlohmann::json& spec,
                                                          const std::string& list);

}  // namespace kata::agent::guest
