// What a configuration's shared_fs and virtio_fs_... mean: the device of the VM, what serves it,
// and what the guest mounts. Pure, but for looking which programs are installed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/share.h"

namespace kata::sandbox {

/// The share as the hypervisor can serve it by itself; nullopt: there is none.
[[nodiscard]] std::optional<VmShare> vm_share(const RuntimeConfig& config, const Share& share);

/// Whether it cannot, so that share_server.h must: libvirt knows neither all arguments of virtiofsd
/// nor a 9p server that may do what root may.
[[nodiscard]] bool needs_own_server(const RuntimeConfig& config);

/// The command line of that server. One of virtiofsd finds its listening socket as descriptor
/// base::kInheritedFd; one for 9p makes `socket` and gives it to `user`.
/// @throws base::Error not_found if no such program is installed.
[[nodiscard]] std::vector<std::string> server_command(const RuntimeConfig& config,
                                                      const Share& share,
                                                      const std::filesystem::path& socket,
                                                      VmUser user);

/// What the guest mounts for its containers.
[[nodiscard]] std::vector<GuestStorage> guest_storages(const RuntimeConfig& config);

/// Why values of the configuration do not go together or into a VM; empty: they do.
[[nodiscard]] std::string complaint_about_share(const RuntimeConfig& config);

}  // namespace kata::sandbox
