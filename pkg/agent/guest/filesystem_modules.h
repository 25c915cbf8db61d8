// Kernel modules of file systems that few sandboxes mount: loaded when one does.
#pragma once

#include <string>
#include <vector>

namespace kata::agent::guest {

/// Loads what the list at `list_path` has for a file system of this type. A missing list is fine;
/// trouble is logged: mounting says what is missing then.
void load_filesystem_modules(const std::string& type,
                             const std::string& list_path = "/etc/kata-agent/filesystem-modules");

/// The paths of the modules that `list` (lines "9p <path>", or "9p -" if the kernel has it built
/// in) has for the type, in their order.
[[nodiscard]] std::vector<std::string> modules_of_filesystem(const std::string& type,
                                                             const std::string& list);

}  // namespace kata::agent::guest
