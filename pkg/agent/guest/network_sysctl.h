// The sysctls of the network namespace and of the kernel as a whole. The network of a container is
// the guest's own, and so is the kernel: crun, which sets only what is of a namespace that it has
// made, must not see them. The agent sets them itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace kata::agent::guest {

/// Takes every linux.sysctl out of the specification that is not of an ipc or uts namespace which
/// the specification has: those of the network and of the kernel as a whole. Both are the VM's, so
/// all containers of a pod see them.
/// @return their values by name.
std::map<std::string, std::string> take_guest_sysctls(nlohmann::json& spec);

/// The path below /proc/sys. The first separator of the name, '.' or '/', counts; the other one is
/// part of a component then, with the roles exchanged: net.ipv4.conf.eth0/1.mtu is eth0.1's.
/// @throws base::Error invalid_argument for a name that leads elsewhere.
[[nodiscard]] std::filesystem::path sysctl_path(const std::string& name);

/// Writes the values below /proc/sys. @throws base::Error naming the sysctl.
void set_sysctls(const std::map<std::string, std::string>& values);

}  // namespace kata::agent::guest
