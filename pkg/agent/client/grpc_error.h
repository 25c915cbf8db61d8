// The border at which a grpc::Status becomes a base::Error: nobody above this folder sees gRPC.
#pragma once

#include <string_view>

#include <grpcpp/support/status.h>

#include "pkg/base/error.h"

namespace kata::agent {

/// @param status a failed one. @param operation what was tried, e.g. "start container \"web\"".
/// @return the agent's own words for what the agent refused (engines match on parts of them),
/// capped and printable; our words when nobody answered.
[[nodiscard]] base::Error error_of(const grpc::Status& status, std::string_view operation);

/// @throws what error_of() returns unless `status` is fine.
void throw_if_failed(const grpc::Status& status, std::string_view operation);

}  // namespace kata::agent
