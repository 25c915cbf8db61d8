// NetworkRecord as JSON, for the sandbox's record on disk.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pkg/sandbox/network/endpoint.h"

namespace kata::sandbox {

[[nodiscard]] nlohmann::json to_json(const NetworkRecord& record);

/// Absent members have their defaults. @throws nlohmann::json::exception for wrong types.
[[nodiscard]] NetworkRecord network_record_of(const nlohmann::json& document);

/// "tcfilter", "macvtap", "none".
[[nodiscard]] const char* to_string(InternetworkingModel model);

}  // namespace kata::sandbox
