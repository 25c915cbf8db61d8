// AgentClient: the Agent port over one gRPC conversation. It owns the connection and the lock of
// its port; both end with the object. It does not dial (port_dialer.h) and carries no stdio
// (process_client.h).
#pragma once

#include <chrono>
#include <cstdint>
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
                          const sandbox::GuestDisks& disks,
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

    // The network: agent_client_network.cpp.
    void update_interface(const sandbox::GuestInterface& interface,
                          base::Deadline deadline) override;
    void remove_interface(const std::string& mac, base::Deadline deadline) override;
    void update_routes(const std::vector<sandbox::GuestRoute>& routes,
                       base::Deadline deadline) override;
    void add_neighbors(const std::vector<sandbox::GuestNeighbor>& neighbors,
                       base::Deadline deadline) override;
    std::vector<sandbox::GuestInterface> list_interfaces(base::Deadline deadline) override;
    std::vector<sandbox::GuestRoute> list_routes(base::Deadline deadline) override;

    // Resources: agent_client_resources.cpp.
    void pause_container(const std::string& container_id, base::Deadline deadline) override;
    void resume_container(const std::string& container_id, base::Deadline deadline) override;
    void update_container(const std::string& container_id,
                          const std::string& resources_json,
                          base::Deadline deadline) override;
    sandbox::GuestStats container_stats(const std::string& container_id,
                                        base::Deadline deadline) override;
    unsigned online_cpu_memory(unsigned cpus,
                               std::uint64_t memory_mib,
                               base::Deadline deadline) override;
    sandbox::GuestDetails guest_details(base::Deadline deadline) override;
    std::uint64_t next_oom(const std::string& container_id,
                           std::uint64_t seen,
                           base::Deadline deadline) override;
    void set_date_time(std::chrono::system_clock::time_point now, base::Deadline deadline) override;

    // Disks: agent_client_disks.cpp.
    sandbox::GuestVolumeUsage volume_usage(const std::string& mount_point,
                                           base::Deadline deadline) override;
    void grow_volume(const std::string& mount_point,
                     std::uint64_t bytes,
                     base::Deadline deadline) override;

    // Files: agent_client_files.cpp.
    void copy_files(const std::vector<sandbox::GuestFilePiece>& pieces,
                    base::Deadline deadline) override;

  private:
    base::UniqueFd lock_;      // released last
    base::UniqueFd shutdown_;  // a second descriptor of the connection, to end it at once
    std::unique_ptr<v1::AgentService::Stub> stub_;
};

}  // namespace kata::agent
