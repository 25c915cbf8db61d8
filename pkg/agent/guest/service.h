// AgentService: the protocol's service on top of the guest's containers. Callback API: no call
// occupies a thread while it waits; calls that block run on the worker pool, streams and waits live
// on the event loop.
#pragma once

#include <atomic>
#include <functional>

#include <grpcpp/grpcpp.h>

#include "agent.grpc.pb.h"

#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/reaper.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/agent/guest/worker_pool.h"

namespace kata::agent::guest {

class AgentService final : public v1::AgentService::CallbackService {
  public:
    using Context = grpc::CallbackServerContext;

    AgentService(EventLoop& loop,
                 WorkerPool& workers,
                 Reaper& reaper,
                 ContainerTable& containers,
                 Storages& storages)
        : loop_(loop),
          workers_(workers),
          reaper_(reaper),
          containers_(containers),
          storages_(storages) {}

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

  private:
    // `work` runs on the worker pool; what it throws is the call's status.
    grpc::ServerUnaryReactor* run(Context* context, std::function<void()> work);
    void create_sandbox(const v1::CreateSandboxRequest& request);

    EventLoop& loop_;
    WorkerPool& workers_;
    Reaper& reaper_;
    ContainerTable& containers_;
    Storages& storages_;
    std::atomic<bool> sandbox_created_ = false;
};

}  // namespace kata::agent::guest
