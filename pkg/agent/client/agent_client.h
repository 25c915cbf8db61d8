// AgentClient: the Agent port over one gRPC conversation. It owns the connection and the lock of
// its port; both end with the object. It does not dial (port_dialer.h) and carries no stdio
// (process_client.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>

#include "agent.grpc.pb.h"

#include "pkg/sandbox/agent.h"

namespace kata::agent {

class AgentClient : public sandbox::Agent {
  public:
    /// @param port a greeted connection on which nobody has spoken gRPC.
    explicit AgentClient(sandbox::DialedPort port);
    AgentClient(const AgentClient&) = delete;
    AgentClient& operator=(const AgentClient&) = delete;
    AgentClient(AgentClient&&) = delete;
    AgentClient& operator=(AgentClient&&) = delete;
    ~AgentClient() override;

    void create_sandbox(const sandbox::SandboxSetup& setup, base::Deadline deadline) override;
    void create_container(const std::string& container_id,
                          const std::string& spec_json,
                          base::Deadline deadline) override;
    void start_container(const std::string& container_id, base::Deadline deadline) override;
    void remove_container(const std::string& container_id, base::Deadline deadline) override;
    void exec_process(const std::string& container_id,
                      const std::string& exec_id,
                      const std::string& process_json,
                      base::Deadline deadline) override;
    void signal_process(const std::string& container_id,
                        const std::string& exec_id,
                        int signal,
                        bool all,
                        base::Deadline deadline) override;
    std::string list_processes(const std::string& container_id,
                               const std::vector<std::string>& ps_args,
                               base::Deadline deadline) override;

  private:
    base::UniqueFd lock_;      // released last
    base::UniqueFd shutdown_;  // a second descriptor of the connection, to end it at once
    std::unique_ptr<v1::AgentService::Stub> stub_;
};

}  // namespace kata::agent
