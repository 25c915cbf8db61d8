// Starting the process that keeps a VM's network in step while its container runs ([netmon]
// enable_netmon). It is `kata-runtime kata-network watch <id>`, and ends by itself with the
// container's kata-shim: nothing about it needs to be kept.
#pragma once

#include <string>

#include "pkg/sandbox/config.h"

namespace kata::sandbox {

/// Returns as soon as the program runs. It holds no descriptor of ours.
/// @throws base::Error if it cannot be started.
void start_network_watch(const RuntimeConfig& config, const std::string& container_id);

}  // namespace kata::sandbox
