// What the kernel's command line says of the root file system, in the kernel's own words: root=,
// rootfstype= and rootflags=. A kernel with all drivers built in would mount the same without a
// loader. Nothing is mounted here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::agent::loader {

struct RootParameters {
    std::string device;  // "/dev/pmem0"
    std::string type = "ext4";
    std::string flags;  // of the file system: "dax,errors=remount-ro"
};

/// Of a parameter that is there twice the last one counts.
/// @throws base::Error invalid_argument if there is no root= or it names no device below /dev.
[[nodiscard]] RootParameters parse_root_parameters(std::string_view command_line);

/// The kernel modules, in their order, that `list` (lines "<kind> <path>") has for the root: those
/// of its kind of device ("pmem", "disk") and those of its type of file system.
[[nodiscard]] std::vector<std::string> modules_of_root(const RootParameters& root,
                                                       const std::string& list);

}  // namespace kata::agent::loader
