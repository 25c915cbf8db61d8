// AgentServer: the gRPC server without a listening socket: greeted connections are handed to it one
// by one.
#pragma once

#include <memory>

#include <grpcpp/server.h>

#include "pkg/agent/guest/service.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class AgentServer {
  public:
    /// @throws base::Error internal if gRPC does not start.
    explicit AgentServer(AgentService& service);
    AgentServer(const AgentServer&) = delete;
    AgentServer& operator=(const AgentServer&) = delete;
    AgentServer(AgentServer&&) = delete;
    AgentServer& operator=(AgentServer&&) = delete;
    /// Cancels every call and waits for their ends; the event loop still runs then.
    ~AgentServer();

    /// Serves gRPC on a connected socket until it ends.
    void serve(base::UniqueFd connection);

  private:
    std::unique_ptr<grpc::Server> server_;
};

}  // namespace kata::agent::guest
