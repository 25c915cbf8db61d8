// What devices of CDI add to the specification that crun gets: variables, device nodes, mounts,
// hooks and groups, all of the guest.
#pragma once

#include <string>

#include "pkg/agent/guest/cdi_registry.h"

namespace kata::agent::guest {

/// The specification with what the devices stand for that its annotations cdi.k8s.io/... ask for.
/// A device of a kind that no file of the guest knows is told in the guest's log and no more: the
/// engine may have put what it stands for into the specification, from a file of the host.
/// @throws base::Error naming the annotation and the device: not_found for one that its kind has
/// not, or a node that the guest has not; invalid_argument for files that cannot be read;
/// unsupported for what a container of a guest cannot have.
[[nodiscard]] std::string with_cdi(const std::string& spec_json,
                                   const CdiDirectories& directories = cdi_directories());

}  // namespace kata::agent::guest
