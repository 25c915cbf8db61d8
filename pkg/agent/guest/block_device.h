// Disks of this VM. The host names one by its serial; the letter behind "vd" or "sd" says nothing
// but the order in which the kernel happened to find them. One that another process of the host
// serves has a serial of that one's choice, and is named by its place on the PCI buses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

struct BlockDevice {
    std::string name;  // "vda"
    unsigned major = 0;
    unsigned minor = 0;
    [[nodiscard]] std::string path() const { return "/dev/" + name; }
    bool operator==(const BlockDevice&) const = default;
};

/// @param sysfs the directory of block devices. nullopt: none has this serial (yet).
[[nodiscard]] std::optional<BlockDevice> find_block_device(
    const std::string& serial, const std::filesystem::path& sysfs = "/sys/block");

/// Waits for one that has just been plugged. @throws base::Error not_found at the deadline.
[[nodiscard]] BlockDevice await_block_device(const std::string& serial,
                                             base::Deadline deadline,
                                             const std::filesystem::path& sysfs = "/sys/block");

/// The same of the first disk behind a PCI device (pci_device.h). @param sysfs all of it.
[[nodiscard]] BlockDevice await_pci_block_device(const std::string& pci_path,
                                                 base::Deadline deadline,
                                                 const std::filesystem::path& sysfs = "/sys");

[[nodiscard]] std::uint64_t size_of(const BlockDevice& device);

/// Waits until the device has at least `bytes`. @throws base::Error timeout at the deadline.
void await_size(const BlockDevice& device, std::uint64_t bytes, base::Deadline deadline);

/// Waits until nobody has it mounted: a mount namespace that has just ended may still. False at the
/// deadline.
[[nodiscard]] bool await_unused(const BlockDevice& device, base::Deadline deadline);

}  // namespace kata::agent::guest
