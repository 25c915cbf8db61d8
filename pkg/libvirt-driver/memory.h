// Memory that is plugged into a domain while it runs, as DIMMs on its only NUMA node or as more of
// its virtio-mem device. As in domain.h: on an open connection and on the calling thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <libvirt/libvirt.h>

namespace kata::libvirt_driver {

/// The device to plug.
[[nodiscard]] std::string build_memory_xml(std::uint64_t memory_mib);

/// The virtio-mem device of a running domain with so much more of it in use; nullopt: it has none.
[[nodiscard]] std::optional<std::string> build_virtio_mem_xml(const std::string& live_xml,
                                                              std::uint64_t more_mib);

/// MiB of all DIMMs in a running domain's XML, and of what it uses of virtio-mem.
[[nodiscard]] std::uint64_t plugged_memory_mib(const std::string& live_xml);

/// @return MiB plugged then, in all. @throws Error not_found if the domain is gone, unsupported if
/// it has no slot or no room left.
std::uint64_t attach_memory(virConnectPtr connection,
                            const std::string& uuid,
                            std::uint64_t memory_mib);

}  // namespace kata::libvirt_driver
