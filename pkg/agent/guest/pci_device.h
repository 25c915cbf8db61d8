// PCI devices of this VM. The host names one by its way over the buses, slot and function on each
// ("01.1/00.0"): the numbers of buses are this kernel's own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

/// Its directory in sysfs. nullopt: nothing is there (yet).
[[nodiscard]] std::optional<std::filesystem::path> find_pci_device(
    const std::string& pci_path, const std::filesystem::path& sysfs = "/sys");

/// Waits for one that has just been plugged. @throws base::Error not_found at the deadline.
[[nodiscard]] std::filesystem::path await_pci_device(const std::string& pci_path,
                                                     base::Deadline deadline,
                                                     const std::filesystem::path& sysfs = "/sys");

/// Waits for a driver: it takes a moment after the device. False at the deadline.
[[nodiscard]] bool await_driver(const std::filesystem::path& device, base::Deadline deadline);

/// "8086:10ed (modalias pci:v00008086d000010EDsv...)", by which people and modprobe(8) find the
/// driver of a device.
[[nodiscard]] std::string describe_pci_device(const std::filesystem::path& device);

/// A node that drivers have made for a device.
struct DriverNode {
    std::string path;  // "/dev/dri/card0"
    bool is_block = false;
    unsigned major = 0;
    unsigned minor = 0;
    bool operator==(const DriverNode&) const = default;
};

/// All of a device, in the order of their paths.
[[nodiscard]] std::vector<DriverNode> nodes_of_device(const std::filesystem::path& device);

}  // namespace kata::agent::guest
