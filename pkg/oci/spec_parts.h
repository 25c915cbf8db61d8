// The parts of a document, each read by one function. Internal to this folder.
#pragma once

#include "pkg/oci/json_view.h"
#include "pkg/oci/spec.h"

namespace kata::oci {

[[nodiscard]] Process read_process(const JsonView& process);
[[nodiscard]] Resources read_resources(const JsonView& resources);

}  // namespace kata::oci
