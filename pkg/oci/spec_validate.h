// The meaning of a spec: which values may stand where, and which of them a container in a VM cannot
// have. It looks at nothing but the values; files and host features are looked at where they are
// used.
#pragma once

#include <string>
#include <vector>

#include "pkg/oci/spec.h"

namespace kata::oci {

/// Things to log: the container is created all the same.
using Warnings = std::vector<std::string>;

/// Whether a container may be without a network namespace of its own.
enum class HostNetwork { refused, allowed };

/// @throws base::Error invalid_argument or unsupported for the first broken rule; the message
/// begins with the JSON path of the value. @return what is odd and allowed, e.g. an unknown
/// capability.
[[nodiscard]] Warnings validate(const Spec& spec, HostNetwork host_network = HostNetwork::refused);

/// The rules for `linux.resources` alone, for update.
void validate_resources(const Resources& resources);

/// The rules for `process` alone, for exec.
/// @param path its JSON path in messages ("process", or empty for a file that is the object
/// itself).
[[nodiscard]] Warnings validate(const Process& process, const std::string& path = "process");

}  // namespace kata::oci
