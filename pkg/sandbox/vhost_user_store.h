// The vhost-user store: a directory by which storage daemons such as SPDK's offer disks, as Kata
// Containers has it. block/devices has a block node of a reserved number for each disk, which an
// engine is given with --device; block/sockets has the daemon's socket under the same name.
#pragma once

#include <filesystem>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/disk_plan.h"

namespace kata::sandbox {

/// Whether a device has a number of such a node (major 241; 242, of SCSI, is not served).
[[nodiscard]] bool is_store_node(const oci::Device& device);

/// The socket that the node of a spec stands for.
/// @throws base::Error not_found if the store has no node of this number.
[[nodiscard]] std::filesystem::path socket_in_store(const std::filesystem::path& store,
                                                    const oci::Device& device);

/// Adds the disks of a store that the spec asks for by their numbers.
void plan_store_disks(DiskPlan& plan, const oci::Spec& spec, const std::filesystem::path& store);

}  // namespace kata::sandbox
