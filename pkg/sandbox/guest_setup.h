// guest_setup: what the agent of a new sandbox is told before there are containers. A pure
// function.
#pragma once

#include <string>

#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"

namespace kata::sandbox {

/// @param config kernel_modules are lines of a name and its parameters.
[[nodiscard]] SandboxSetup guest_setup(const RuntimeConfig& config, const std::string& sandbox_id);

}  // namespace kata::sandbox
