#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/guest_replies.h"
#include "pkg/agent/client/unary_call.h"

namespace kata::agent {
namespace {

using Stub = v1::AgentService::Stub;

}  // namespace

void AgentClient::pause_container(const std::string& container_id, base::Deadline deadline) {
    v1::PauseContainerRequest request;
    request.set_container_id(container_id);
    unary_call<v1::PauseContainerRequest, v1::PauseContainerResponse>(
        *stub_,
        &Stub::PrepareAsyncPauseContainer,
        request,
        deadline,
        quoted("pause container", container_id));
}

void AgentClient::resume_container(const std::string& container_id, base::Deadline deadline) {
    v1::ResumeContainerRequest request;
    request.set_container_id(container_id);
    unary_call<v1::ResumeContainerRequest, v1::ResumeContainerResponse>(
        *stub_,
        &Stub::PrepareAsyncResumeContainer,
        request,
        deadline,
        quoted("resume container", container_id));
}

void AgentClient::update_container(const std::string& container_id,
                                   const std::string& resources_json,
                                   base::Deadline deadline) {
    v1::UpdateContainerRequest request;
    request.set_container_id(container_id);
    request.set_resources_json(resources_json);
    unary_call<v1::UpdateContainerRequest, v1::UpdateContainerResponse>(
        *stub_,
        &Stub::PrepareAsyncUpdateContainer,
        request,
        deadline,
        quoted("update container", container_id));
}

sandbox::GuestStats AgentClient::container_stats(const std::string& container_id,
                                                 base::Deadline deadline) {
    v1::StatsContainerRequest request;
    request.set_container_id(container_id);
    return stats_of(unary_call<v1::StatsContainerRequest, v1::StatsContainerResponse>(
        *stub_,
        &Stub::PrepareAsyncStatsContainer,
        request,
        deadline,
        quoted("read the statistics of container", container_id)));
}

unsigned AgentClient::online_cpu_memory(unsigned cpus,
                                        std::uint64_t memory_mib,
                                        base::Deadline deadline) {
    v1::OnlineCPUMemRequest request;
    request.set_cpus(cpus);
    request.set_memory_mib(memory_mib);
    return unary_call<v1::OnlineCPUMemRequest, v1::OnlineCPUMemResponse>(
               *stub_,
               &Stub::PrepareAsyncOnlineCPUMem,
               request,
               deadline,
               "bring CPUs and memory of the guest online")
        .cpus();
}

sandbox::GuestDetails AgentClient::guest_details(base::Deadline deadline) {
    return details_of(unary_call<v1::GetGuestDetailsRequest, v1::GetGuestDetailsResponse>(
        *stub_, &Stub::PrepareAsyncGetGuestDetails, {}, deadline, "ask the guest's size"));
}

std::uint64_t AgentClient::next_oom(const std::string& container_id,
                                    std::uint64_t seen,
                                    base::Deadline deadline) {
    v1::GetOOMEventRequest request;
    request.set_container_id(container_id);
    request.set_kills_seen(seen);
    return unary_call<v1::GetOOMEventRequest, v1::GetOOMEventResponse>(
               *stub_,
               &Stub::PrepareAsyncGetOOMEvent,
               request,
               deadline,
               quoted("wait for the events of container", container_id))
        .kills();
}

void AgentClient::set_date_time(std::chrono::system_clock::time_point now,
                                base::Deadline deadline) {
    const auto since_epoch = now.time_since_epoch();
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
    v1::SetGuestDateTimeRequest request;
    request.set_seconds(whole.count());
    request.set_microseconds(
        std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - whole).count());
    unary_call<v1::SetGuestDateTimeRequest, v1::SetGuestDateTimeResponse>(
        *stub_, &Stub::PrepareAsyncSetGuestDateTime, request, deadline, "set the guest's clock");
}

}  // namespace kata::agent
