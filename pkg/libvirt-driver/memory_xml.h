// The memory and CPUs of a domain's XML: sizes, backing, NUMA nodes, model and features. Pure
// functions, pinned by golden files.
#pragma once

#include <cstdint>

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// What the domain has and can grow to, and where it comes from.
/// @param image_mib of an image that is mapped beside it, in a slot of its own; 0: there is none.
void add_memory(pugi::xml_node domain, const sandbox::VmConfig& config, std::uint64_t image_mib);

/// How many slots for memory the machine has; that of a mapped image is the last one.
[[nodiscard]] unsigned memory_slots(const sandbox::VmConfig& config, std::uint64_t image_mib);

/// The one device through which memory grows, if it does not grow by DIMMs.
void add_virtio_mem(pugi::xml_node devices, const sandbox::VmConfig& config);

/// @param accelerator kvm or tcg
/// @param image_mib as in add_memory()
void add_cpus(pugi::xml_node domain,
              const sandbox::VmConfig& config,
              sandbox::Accelerator accelerator,
              std::uint64_t image_mib);

}  // namespace kata::libvirt_driver
