// The document that kata-env shows: every key of Kata Containers' kata-env formats 1.0.23 to 1.0.27
// that can stand in one document, and [Libvirt]. Where those formats disagree about the type of a
// key ([Proxy], [Shim] and [Netmon] Version), it is a text as in 1.0.23.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/check_host.h"

namespace kata::cli {

/// A part that is not there has "<<not found>>" or "<<unknown>>" for a value, never no key.
[[nodiscard]] nlohmann::ordered_json env_document(const HostReport& report);

}  // namespace kata::cli
