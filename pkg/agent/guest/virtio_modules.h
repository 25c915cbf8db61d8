// Modules for virtio devices that only some machines have: one that is not there costs no time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kata::agent::guest {

/// The paths in `list`, lines of "<device number> <path>", whose device is there, in their order.
/// @param devices /sys/bus/virtio/devices
[[nodiscard]] std::vector<std::string> virtio_modules(const std::string& list,
                                                      const std::filesystem::path& devices);

}  // namespace kata::agent::guest
