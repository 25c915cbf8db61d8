// The memory and CPUs of a domain's XML: sizes, backing, NUMA nodes, model and features. Pure
// functions, pinned by golden files.
#pragma once

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// What the domain has and can grow to, and where it comes from.
void add_memory(pugi::xml_node domain, const sandbox::VmConfig& config);

/// The one device through which memory grows, if it does not grow by DIMMs.
void add_virtio_mem(pugi::xml_node devices, const sandbox::VmConfig& config);

/// @param accelerator kvm or tcg
void add_cpus(pugi::xml_node domain,
              const sandbox::VmConfig& config,
              sandbox::Accelerator accelerator);

}  // namespace kata::libvirt_driver
