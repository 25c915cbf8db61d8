// Which combinations of a terminal, --detach and --console-socket there are. Pure.
#pragma once

#include <filesystem>

namespace kata::cli {

/// @param terminal whether the process asks for a terminal.
/// @param detach whether this command returns before the process ends (create always does).
/// @throws base::Error invalid_argument for the two combinations that cannot work.
void require_usable_console(bool terminal,
                            bool detach,
                            const std::filesystem::path& console_socket);

}  // namespace kata::cli
