// The disks of one container as spec, configuration and direct volumes have them: where disk_plan.h
// meets the host's stores.
#pragma once

#include <string>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/volumes/direct_volume_store.h"

namespace kata::sandbox {

/// The direct volumes that sandboxes of this configuration can have.
[[nodiscard]] DirectVolumeStore volume_store(const RuntimeConfig& config);

/// @param store of the direct volumes. @param sandbox_id of the sandbox that will claim the direct
/// volumes.
/// @throws base::Error naming mount or device; unsupported if the configuration allows no disks, or
/// for a volume that is no disk.
[[nodiscard]] DiskPlan plan_container_disks(const oci::Spec& spec,
                                            const RuntimeConfig& config,
                                            const DirectVolumeStore& store,
                                            const std::string& sandbox_id);

/// Grows the file systems of volumes that were resized while no container ran.
void grow_pending_volumes(const RuntimeConfig& config, const DiskPlan& plan, Agent& agent);

}  // namespace kata::sandbox
