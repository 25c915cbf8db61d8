// The sysctls of the network namespace. A container of the guest uses the guest's own, so crun,
// which sets them only in a namespace that it has made, must not see them: the agent sets them
// itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace kata::agent::guest {

/// Takes every linux.sysctl whose name begins with "net." out of the specification.
/// @return their values by name.
std::map<std::string, std::string> take_network_sysctls(nlohmann::json& spec);

/// The path below /proc/sys. The first separator of the name, '.' or '/', counts; the other one is
/// part of a component then, with the roles exchanged: net.ipv4.conf.eth0/1.mtu is eth0.1's.
/// @throws base::Error invalid_argument for a name that leads elsewhere.
[[nodiscard]] std::filesystem::path sysctl_path(const std::string& name);

/// Writes the values below /proc/sys. @throws base::Error naming the sysctl.
void set_sysctls(const std::map<std::string, std::string>& values);

}  // namespace kata::agent::guest
