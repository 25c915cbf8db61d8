// The debug console: a shell of the guest itself, outside of all containers, with root's rights
// there.
#pragma once

#include <string>

#include "pkg/agent/guest/container_runtime.h"
#include "pkg/agent/guest/reaper.h"

namespace kata::agent::guest {

/// The caller watches the pid and holds a Reaper::Hold.
/// @param process_json an OCI process object, of which `terminal` counts.
/// @throws base::Error not_found if the guest has no shell.
[[nodiscard]] StartedProcess start_guest_shell(const std::string& process_json,
                                               Reaper& reaper,
                                               const std::string& program = "/bin/sh");

}  // namespace kata::agent::guest
