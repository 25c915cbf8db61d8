// The border between errors and deadlines of the guest and gRPC's.
#pragma once

#include <chrono>
#include <functional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {

[[nodiscard]] grpc::Status to_status(const base::Error& error);

/// Runs `work`; what it throws becomes a status with one line of text.
[[nodiscard]] grpc::Status status_of(const std::function<void()>& work) noexcept;

/// When a call's work must have ended: before the client's own deadline, so that it hears the
/// reason, and after `most`.
[[nodiscard]] base::Deadline deadline_of(const grpc::CallbackServerContext& context,
                                         std::chrono::milliseconds most);

}  // namespace kata::agent::guest
