// The disks of one container as spec, configuration and direct volumes have them: where disk_plan.h
// meets the host's stores.
#pragma once

#include "pkg/oci/spec.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"

namespace kata::sandbox {

/// @throws base::Error naming mount or device; unsupported if the configuration allows no disks.
[[nodiscard]] DiskPlan plan_container_disks(const oci::Spec& spec, const RuntimeConfig& config);

/// Grows the file systems of volumes that were resized while no container ran.
void grow_pending_volumes(const RuntimeConfig& config, const DiskPlan& plan, Agent& agent);

}  // namespace kata::sandbox
