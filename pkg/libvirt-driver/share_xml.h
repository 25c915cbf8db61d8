// The XML of the directory that a VM shares with its host. Pure functions, pinned by golden files.
#pragma once

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error invalid_argument for a control character, a socket path over 107 bytes, a queue
/// or cache that is none of QEMU's.
void validate_share(const sandbox::VmShare& share);

/// Whether its server reads and writes the guest's memory, which must then be shared.
[[nodiscard]] bool needs_shared_memory(const sandbox::VmShare& share);

/// Adds a virtio-fs device at its fixed slot of the root bus.
void add_virtio_fs(pugi::xml_node devices, const sandbox::VmShare& share);

/// Adds a virtio-9p device whose server is a process of its own. libvirt has no words for one, so
/// it is passed to QEMU as arguments, at the end of the domain.
void add_virtio_9p(pugi::xml_node domain, const sandbox::VmShare& share);

}  // namespace kata::libvirt_driver
