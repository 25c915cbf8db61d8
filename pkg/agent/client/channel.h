// A gRPC channel over a descriptor that is already connected to the agent and greeted. There is no
// name to resolve and nothing to connect again: when the connection ends, every call fails with
// UNAVAILABLE.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "pkg/base/unique_fd.h"

namespace kata::agent {

/// The longest message taken from a guest: a process list, or a piece of output.
inline constexpr int kMaxMessageBytes = 4 << 20;

/// Keeps gRPC and protobuf from ever printing on standard error, which may be the workload's.
void silence_grpc();

/// @param connection a greeted stream socket; it becomes non-blocking and belongs to the channel.
[[nodiscard]] std::shared_ptr<grpc::Channel> open_channel(base::UniqueFd connection);

}  // namespace kata::agent
