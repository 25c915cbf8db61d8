// A pseudo-terminal for a workload, and its hand-over to the engine that will own its master end.
#pragma once

#include <filesystem>

#include "pkg/base/unique_fd.h"

namespace kata::sandbox {

/// Makes a pseudo-terminal and sends its master to the unix socket at `console_socket`, as engines
/// expect it of runc: one message with exactly one descriptor.
/// @return the slave, raw: the line discipline that counts is the guest's.
[[nodiscard]] base::UniqueFd open_terminal_for(const std::filesystem::path& console_socket);

}  // namespace kata::sandbox
