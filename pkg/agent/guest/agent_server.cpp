#include "pkg/agent/guest/agent_server.h"

#include <fcntl.h>

#include <chrono>

#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

// One stream's share of what is under way: enough to keep a port busy, little enough for 8 ports in
// a small VM.
constexpr int kStreamWindowBytes = 128 << 10;

}  // namespace

AgentServer::AgentServer(AgentService& service) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service);
    // Probes measure a network; here they would only grow the windows of slow readers.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
    server_ = builder.BuildAndStart();
    if (!server_) {
        throw base::Error(base::ErrorCode::internal, "cannot start the gRPC server");
    }
}

AgentServer::~AgentServer() {
    server_->Shutdown(std::chrono::system_clock::now());
}

void AgentServer::serve(base::UniqueFd connection) {
    const int flags = ::fcntl(connection.get(), F_GETFL);
    ::fcntl(connection.get(), F_SETFL, flags | O_NONBLOCK);
    grpc::AddInsecureChannelFromFd(server_.get(), connection.release());
}

}  // namespace kata::agent::guest
