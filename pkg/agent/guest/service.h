// AgentService: the protocol's service on top of the guest's containers. Callback API: no call
// occupies a thread while it waits; calls that block run on the worker pool, streams and waits live
// on the event loop.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "agent.grpc.pb.h"

#include "pkg/agent/guest/agent_options.h"
#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/copied_files.h"
#include "pkg/agent/guest/cpu_memory.h"
#include "pkg/agent/guest/dns_relay.h"
#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/guest_hooks.h"
#include "pkg/agent/guest/oom.h"
#include "pkg/agent/guest/reaper.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/agent/guest/worker_pool.h"

namespace kata::agent::guest {

class AgentService final : public v1::AgentService::CallbackService {
  public:
    using Context = grpc::CallbackServerContext;

    /// @param before_process called on a worker before a process is started: the clock may have
    /// stood still.
    AgentService(
        EventLoop& loop,
        WorkerPool& workers,
        Reaper& reaper,
        ContainerTable& containers,
        Storages& storages,
        const AgentOptions& options = {},
        std::function<void()> before_process = [] {})
        : loop_(loop),
          workers_(workers),
          reaper_(reaper),
          containers_(containers),
          storages_(storages),
          options_(options),
          before_process_(std::move(before_process)),
          oom_(loop),
          dns_(loop) {}

    grpc::ServerUnaryReactor* Check(Context* context,
                                    const v1::CheckRequest* request,
                                    v1::CheckResponse* response) override;
    grpc::ServerUnaryReactor* CreateSandbox(Context* context,
                                            const v1::CreateSandboxRequest* request,
                                            v1::CreateSandboxResponse* response) override;
    grpc::ServerUnaryReactor* DestroySandbox(Context* context,
                                             const v1::DestroySandboxRequest* request,
                                             v1::DestroySandboxResponse* response) override;
    grpc::ServerUnaryReactor* CreateContainer(Context* context,
                                              const v1::CreateContainerRequest* request,
                                              v1::CreateContainerResponse* response) override;
    grpc::ServerUnaryReactor* StartContainer(Context* context,
                                             const v1::StartContainerRequest* request,
                                             v1::StartContainerResponse* response) override;
    grpc::ServerUnaryReactor* RemoveContainer(Context* context,
                                              const v1::RemoveContainerRequest* request,
                                              v1::RemoveContainerResponse* response) override;
    grpc::ServerUnaryReactor* ExecProcess(Context* context,
                                          const v1::ExecProcessRequest* request,
                                          v1::ExecProcessResponse* response) override;
    grpc::ServerUnaryReactor* SignalProcess(Context* context,
                                            const v1::SignalProcessRequest* request,
                                            v1::SignalProcessResponse* response) override;
    grpc::ServerUnaryReactor* ListProcesses(Context* context,
                                            const v1::ListProcessesRequest* request,
                                            v1::ListProcessesResponse* response) override;
    grpc::ServerUnaryReactor* WaitProcess(Context* context,
                                          const v1::WaitProcessRequest* request,
                                          v1::WaitProcessResponse* response) override;
    grpc::ServerReadReactor<v1::WriteStdinRequest>* WriteStdin(
        Context* context, v1::WriteStdinResponse* response) override;
    grpc::ServerWriteReactor<v1::ReadStreamResponse>* ReadStdout(
        Context* context, const v1::ReadStreamRequest* request) override;
    grpc::ServerWriteReactor<v1::ReadStreamResponse>* ReadStderr(
        Context* context, const v1::ReadStreamRequest* request) override;
    grpc::ServerUnaryReactor* TtyWinResize(Context* context,
                                           const v1::TtyWinResizeRequest* request,
                                           v1::TtyWinResizeResponse* response) override;

    // service_network.cpp
    grpc::ServerUnaryReactor* UpdateInterface(Context* context,
                                              const v1::UpdateInterfaceRequest* request,
                                              v1::UpdateInterfaceResponse* response) override;
    grpc::ServerUnaryReactor* RemoveInterface(Context* context,
                                              const v1::RemoveInterfaceRequest* request,
                                              v1::RemoveInterfaceResponse* response) override;
    grpc::ServerUnaryReactor* UpdateRoutes(Context* context,
                                           const v1::UpdateRoutesRequest* request,
                                           v1::UpdateRoutesResponse* response) override;
    grpc::ServerUnaryReactor* AddARPNeighbors(Context* context,
                                              const v1::AddARPNeighborsRequest* request,
                                              v1::AddARPNeighborsResponse* response) override;
    grpc::ServerUnaryReactor* ListInterfaces(Context* context,
                                             const v1::ListInterfacesRequest* request,
                                             v1::ListInterfacesResponse* response) override;
    grpc::ServerUnaryReactor* ListRoutes(Context* context,
                                         const v1::ListRoutesRequest* request,
                                         v1::ListRoutesResponse* response) override;

    // service_resources.cpp
    grpc::ServerUnaryReactor* PauseContainer(Context* context,
                                             const v1::PauseContainerRequest* request,
                                             v1::PauseContainerResponse* response) override;
    grpc::ServerUnaryReactor* ResumeContainer(Context* context,
                                              const v1::ResumeContainerRequest* request,
                                              v1::ResumeContainerResponse* response) override;
    grpc::ServerUnaryReactor* UpdateContainer(Context* context,
                                              const v1::UpdateContainerRequest* request,
                                              v1::UpdateContainerResponse* response) override;
    grpc::ServerUnaryReactor* StatsContainer(Context* context,
                                             const v1::StatsContainerRequest* request,
                                             v1::StatsContainerResponse* response) override;
    grpc::ServerUnaryReactor* OnlineCPUMem(Context* context,
                                           const v1::OnlineCPUMemRequest* request,
                                           v1::OnlineCPUMemResponse* response) override;
    grpc::ServerUnaryReactor* GetGuestDetails(Context* context,
                                              const v1::GetGuestDetailsRequest* request,
                                              v1::GetGuestDetailsResponse* response) override;
    grpc::ServerUnaryReactor* GetOOMEvent(Context* context,
                                          const v1::GetOOMEventRequest* request,
                                          v1::GetOOMEventResponse* response) override;
    grpc::ServerUnaryReactor* SetGuestDateTime(Context* context,
                                               const v1::SetGuestDateTimeRequest* request,
                                               v1::SetGuestDateTimeResponse* response) override;

    // service_disks.cpp
    grpc::ServerUnaryReactor* GetVolumeStats(Context* context,
                                             const v1::VolumeStatsRequest* request,
                                             v1::VolumeStatsResponse* response) override;
    grpc::ServerUnaryReactor* ResizeVolume(Context* context,
                                           const v1::ResizeVolumeRequest* request,
                                           v1::ResizeVolumeResponse* response) override;

    grpc::ServerBidiReactor<v1::DnsAnswer, v1::DnsQuery>* RelayDns(Context* context) override;

    // service_files.cpp
    grpc::ServerUnaryReactor* CopyFile(Context* context,
                                       const v1::CopyFileRequest* request,
                                       v1::CopyFileResponse* response) override;

  private:
    // `work` runs on the worker pool; what it throws is the call's status.
    grpc::ServerUnaryReactor* run(Context* context, std::function<void()> work);
    void create_sandbox(const v1::CreateSandboxRequest& request);
    // With its disks, which go again if it cannot be created (service_disks.cpp).
    void create_container(const v1::CreateContainerRequest& request, base::Deadline deadline);
    void prepare_sandbox(const v1::CreateSandboxRequest& request);
    void open_debug_console(const v1::ExecProcessRequest& request);

    EventLoop& loop_;
    WorkerPool& workers_;
    Reaper& reaper_;
    ContainerTable& containers_;
    Storages& storages_;
    const AgentOptions options_;
    GuestHooks hooks_;
    std::atomic<bool> sandbox_created_ = false;
    const std::function<void()> before_process_;
    const CpuMemory cpu_memory_;
    CopiedFiles copied_files_;
    OomEvents oom_;
    DnsRelay dns_;
};

}  // namespace kata::agent::guest
