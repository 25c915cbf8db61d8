// The host's network is not for containers: a VM has one of its own.
#pragma once

#include "pkg/oci/spec.h"

namespace kata::sandbox {

/// @throws base::Error unsupported if the spec's network namespace is the host's, or our own, by
/// whatever path. A path that cannot be looked at is left to whoever joins it.
void refuse_host_network(const oci::Spec& spec);

/// For disable_new_netns: no network namespace is made where the spec asks for a new one.
void leave_in_host_network(oci::Spec& spec);

}  // namespace kata::sandbox
