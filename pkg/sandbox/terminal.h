// A pseudo-terminal for a workload: when there can be one, and its hand-over to the engine that
// will own its master end.
#pragma once

#include <filesystem>

#include "pkg/base/unique_fd.h"

namespace kata::sandbox {

/// Which combinations of a terminal, detaching and a console socket there are.
/// @param terminal whether the process asks for a terminal.
/// @param detached whether the command returns before the process ends (create always does).
/// @throws base::Error invalid_argument for the combinations that cannot work, in runc's words.
void require_usable_console(bool terminal,
                            bool detached,
                            const std::filesystem::path& console_socket);

/// Makes a pseudo-terminal and sends its master to the unix socket at `console_socket`, as engines
/// expect it of runc: one message with exactly one descriptor.
/// @return the slave, raw: the line discipline that counts is the guest's.
[[nodiscard]] base::UniqueFd open_terminal_for(const std::filesystem::path& console_socket);

}  // namespace kata::sandbox
