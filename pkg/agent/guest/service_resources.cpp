#include <chrono>
#include <memory>

#include "pkg/agent/guest/cgroup_limits.h"
#include "pkg/agent/guest/clock.h"
#include "pkg/agent/guest/freezer.h"
#include "pkg/agent/guest/grpc_status.h"
#include "pkg/agent/guest/service.h"
#include "pkg/agent/guest/stats.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

constexpr std::chrono::seconds kFreeze{10};
constexpr std::chrono::seconds kPlug{60};
constexpr std::uint64_t kKibibyte = 1024;

std::uint64_t memory_total() {
    const std::string text = base::try_read_file("/proc/meminfo").value_or("");
    unsigned long long kibibytes = 0;
    return std::sscanf(text.c_str(), "MemTotal: %llu kB", &kibibytes) == 1 ? kibibytes * kKibibyte
                                                                           : 0;
}

/// GetOOMEvent: waits on the loop for a kill that the caller has not seen. Keeps itself until gRPC
/// is done with it.
class OomCall final : public grpc::ServerUnaryReactor {
  public:
    OomCall(EventLoop& loop,
            OomEvents& events,
            const v1::GetOOMEventRequest& request,
            v1::GetOOMEventResponse& response)
        : loop_(loop), events_(events), request_(request), response_(response) {}

    static grpc::ServerUnaryReactor* begin(EventLoop& loop,
                                           OomEvents& events,
                                           const v1::GetOOMEventRequest& request,
                                           v1::GetOOMEventResponse& response) {
        const auto call = std::make_shared<OomCall>(loop, events, request, response);
        call->self_ = call;
        loop.post([call] { call->start(); });
        return call.get();
    }

    void OnCancel() override {
        loop_.post([this, call = self_] { finish(grpc::Status::CANCELLED); });
    }
    void OnDone() override { self_.reset(); }

  private:
    void start() {
        if (finished_) {
            return;
        }
        wait_ = events_.wait(request_.container_id(),
                             request_.kills_seen(),
                             [this, call = self_](std::uint64_t kills) {
                                 response_.set_kills(kills);
                                 finish(grpc::Status::OK);
                             });
    }
    void finish(const grpc::Status& status) {
        if (!std::exchange(finished_, true)) {
            events_.cancel(wait_);
            Finish(status);
        }
    }

    EventLoop& loop_;
    OomEvents& events_;
    const v1::GetOOMEventRequest& request_;
    v1::GetOOMEventResponse& response_;
    std::shared_ptr<OomCall> self_;
    std::uint64_t wait_ = 0;
    bool finished_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* AgentService::PauseContainer(Context* context,
                                                       const v1::PauseContainerRequest* request,
                                                       v1::PauseContainerResponse*) {
    return run(context, [this, context, request] {
        set_frozen(
            containers_.cgroup(request->container_id()), true, deadline_of(*context, kFreeze));
    });
}

grpc::ServerUnaryReactor* AgentService::ResumeContainer(Context* context,
                                                        const v1::ResumeContainerRequest* request,
                                                        v1::ResumeContainerResponse*) {
    return run(context, [this, context, request] {
        before_process_();
        set_frozen(
            containers_.cgroup(request->container_id()), false, deadline_of(*context, kFreeze));
    });
}

grpc::ServerUnaryReactor* AgentService::UpdateContainer(Context* context,
                                                        const v1::UpdateContainerRequest* request,
                                                        v1::UpdateContainerResponse*) {
    return run(context, [this, request] {
        apply_settings(containers_.cgroup(request->container_id()),
                       cgroup_settings(request->resources_json()));
    });
}

grpc::ServerUnaryReactor* AgentService::StatsContainer(Context* context,
                                                       const v1::StatsContainerRequest* request,
                                                       v1::StatsContainerResponse* response) {
    return run(context, [this, request, response] {
        *response = read_stats(containers_.cgroup(request->container_id()));
    });
}

grpc::ServerUnaryReactor* AgentService::OnlineCPUMem(Context* context,
                                                     const v1::OnlineCPUMemRequest* request,
                                                     v1::OnlineCPUMemResponse* response) {
    return run(context, [this, context, request, response] {
        if (request->memory_mib() > 0) {
            cpu_memory_.online_memory(request->memory_mib(), deadline_of(*context, kPlug));
        }
        response->set_cpus(request->cpus() > 0 ? cpu_memory_.set_online_cpus(request->cpus())
                                               : cpu_memory_.cpus().online);
    });
}

grpc::ServerUnaryReactor* AgentService::GetGuestDetails(Context* context,
                                                        const v1::GetGuestDetailsRequest*,
                                                        v1::GetGuestDetailsResponse* response) {
    return run(context, [this, response] {
        const CpuMemory::CpuCount cpus = cpu_memory_.cpus();
        response->set_memory_block_bytes(cpu_memory_.memory_block_bytes());
        response->set_memory_bytes(memory_total());
        response->set_online_cpus(cpus.online);
        response->set_present_cpus(cpus.present);
    });
}

grpc::ServerUnaryReactor* AgentService::GetOOMEvent(Context*,
                                                    const v1::GetOOMEventRequest* request,
                                                    v1::GetOOMEventResponse* response) {
    return OomCall::begin(loop_, oom_, *request, *response);
}

grpc::ServerUnaryReactor* AgentService::SetGuestDateTime(Context* context,
                                                         const v1::SetGuestDateTimeRequest* request,
                                                         v1::SetGuestDateTimeResponse*) {
    return run(context, [request] {
        set_system_clock(SystemTime(std::chrono::seconds(request->seconds()) +
                                    std::chrono::microseconds(request->microseconds())));
    });
}

}  // namespace kata::agent::guest
