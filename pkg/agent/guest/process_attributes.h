// The fields of an OCI process that crun 1.8 does not know, or forgets in exec (oomScoreAdj), and
// that the agent applies itself.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pkg/agent/guest/launcher.h"

namespace kata::agent::guest {

/// Reads process.scheduler, process.ioPriority and process.oomScoreAdj. @throws base::Error
/// invalid_argument naming the field.
[[nodiscard]] InheritedAttributes inherited_attributes(const nlohmann::json& process);

}  // namespace kata::agent::guest
