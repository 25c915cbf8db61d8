// The devices of CDI that a container asks its guest for, by annotations cdi.k8s.io/<anything>;
// kata-agent looks them up in the guest. Engines look at the host's files and do not take the
// annotations away.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vfio_plan.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

/// Those of the spec, and for each IOMMU group of the container's hardware that has NVIDIA's
/// display devices: cdi.k8s.io/vfio<group> = nvidia.com/gpu=<index>, unless the spec has it. The
/// guest counts these devices in the order in which its VM was given them. None for a pod's
/// sandbox, which runs nothing that needs a device.
/// @param given names of the groups that the VM has already, in that order.
/// @throws base::Error invalid_argument, naming an annotation that names no devices.
[[nodiscard]] std::map<std::string, std::string> cdi_annotations(
    const oci::Spec& spec,
    const VfioPlan& plan,
    const std::vector<std::string>& given = {},
    const HostView& host = {});

/// Names of the groups that the sandbox's VM was given, in that order.
[[nodiscard]] std::vector<std::string> given_groups(const ContainerPlace& place, base::Log& log);

}  // namespace kata::sandbox
