// The host's network is not for containers: a VM has one of its own.
#pragma once

#include "pkg/oci/spec.h"

namespace kata::sandbox {

/// @throws base::Error unsupported if the spec's network namespace is the host's, or our own, by
/// whatever path. A path that cannot be looked at is left to whoever joins it.
void refuse_host_network(const oci::Spec& spec);

}  // namespace kata::sandbox
