// What the configuration and annotations of the container itself change in its specification before
// anything else looks at it. Annotations that change the configuration: config/annotations.h.
#pragma once

#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"

namespace kata::sandbox {

/// `spec` with io.katacontainers.container.resource.swappiness and .swap_in_bytes as its memory's
/// swappiness and swap, and without its seccomp profile where the configuration says so.
/// @throws base::Error invalid_argument naming the annotation.
[[nodiscard]] oci::Spec with_overrides(const oci::Spec& spec, const RuntimeConfig& config);

}  // namespace kata::sandbox
