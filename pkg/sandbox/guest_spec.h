// guest_spec: the host's OCI spec turned into the one that crun gets in the guest. A pure function.
//
// Everything a container is made of goes along: process in full (capabilities, rlimits, seccomp,
// groups, umask, scheduler, ...), masked and read-only paths, sysctls, devices, limits. What
// changes, and why:
//   root.path, bind sources     paths of the guest
//   /dev/shm from the host      a tmpfs of the same size in the guest's memory, one for all
//   containers
//                               of a pod that have the same
//   emptyDir in memory          a volume of the guest's memory, see memory_volume.h
//   hooks                       startContainer only; the others have run on the host
//   namespaces                  see namespaces.h; the guest has one network
//   cgroupsPath                 a cgroup of the guest
//   cpuset, devices of the host numbers of the host's hardware
//   hugepageLimits              those of more than nothing; kata-agent gets the pages and takes
//   them out memory.swappiness           a sysctl: the guest has one for all containers labels,
//   annotations         the guest has no LSM, and crun's annotations are not for images to set
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/mount_plan.h"
#include "pkg/sandbox/namespaces.h"

namespace kata::sandbox {

/// How the guest's spec names memory that its containers share; kata-agent mounts it.
inline constexpr const char* kSharedMemoryPrefix = "shared-memory:";

/// The same for volumes of a pod; a mount's "volumeOptions" are those of its file system.
inline constexpr const char* kPodVolumePrefix = "pod-volume:";

/// @param guest_root where the guest finds the container's root.
/// @param disks device nodes that are disks of the VM; the guest gives them their numbers.
/// @param annotations that the guest obeys.
/// @return the text of a config.json.
[[nodiscard]] std::string guest_spec(const oci::Spec& spec,
                                     const MountPlan& plan,
                                     const GuestNamespaces& namespaces,
                                     const std::string& container_id,
                                     const std::string& guest_root,
                                     const std::vector<GuestDiskNode>& disks = {},
                                     const std::map<std::string, std::string>& annotations = {});

/// The same for the process of an exec: labels of the host's LSM do not exist in the guest.
[[nodiscard]] std::string guest_process(const std::string& process_json);

}  // namespace kata::sandbox
