// The border between errors of the guest and gRPC's.
#pragma once

#include <functional>

#include <grpcpp/support/status.h>

#include "pkg/base/error.h"

namespace kata::agent::guest {

[[nodiscard]] grpc::Status to_status(const base::Error& error);

/// Runs `work`; what it throws becomes a status with one line of text.
[[nodiscard]] grpc::Status status_of(const std::function<void()>& work) noexcept;

}  // namespace kata::agent::guest
