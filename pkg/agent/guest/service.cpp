#include "pkg/agent/guest/service.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "pkg/agent/guest/dns_call.h"
#include "pkg/agent/guest/grpc_status.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/guest_shell.h"
#include "pkg/agent/guest/kernel_modules.h"
#include "pkg/agent/guest/process_list.h"
#include "pkg/agent/guest/stream_calls.h"
#include "pkg/agent/guest/swap.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

// Finding and linking a large module takes seconds under software emulation.
constexpr std::chrono::seconds kModule{30};
constexpr std::chrono::seconds kSwap{30};  // modules of its disk included
constexpr std::chrono::hours kLongestCreate{24};

base::Deadline create_deadline(const v1::CreateContainerRequest& request) {
    constexpr std::chrono::milliseconds kMost = kLongestCreate;
    return base::Deadline::after(
        std::clamp(std::chrono::milliseconds(request.time_ms()), {}, kMost));
}

std::string kernel_release() {
    utsname names{};
    return ::uname(&names) == 0 ? names.release : "";
}

std::uint16_t terminal_dimension(std::uint32_t cells) {
    return static_cast<std::uint16_t>(
        std::min<std::uint32_t>(cells, std::numeric_limits<std::uint16_t>::max()));
}

int signal_number(std::uint32_t signal) {
    if (signal > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) {
        throw Error(ErrorCode::invalid_argument, "invalid signal " + std::to_string(signal));
    }
    return static_cast<int>(signal);
}

}  // namespace

grpc::ServerUnaryReactor* AgentService::run(Context* context, std::function<void()> work) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    workers_.run([reactor, work = std::move(work)] { reactor->Finish(status_of(work)); });
    return reactor;
}

grpc::ServerUnaryReactor* AgentService::Check(Context* context,
                                              const v1::CheckRequest*,
                                              v1::CheckResponse* response) {
    response->set_agent_version(KATA_AGENT_VERSION);
    response->set_kernel_release(kernel_release());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
}

void AgentService::prepare_sandbox(const v1::CreateSandboxRequest& request) {
    for (const v1::KernelModule& module : request.kernel_modules()) {
        load_kernel_module(
            {module.name(), {module.parameters().begin(), module.parameters().end()}},
            reaper_,
            base::Deadline::after(kModule));
    }
    for (const v1::Storage& storage : request.storages()) {
        if (storage.fs_type() == "swap") {
            swap_on(storage.driver(), storage.source(), base::Deadline::after(kSwap));
            continue;
        }
        storages_.mount({storage.source(),
                         storage.fs_type(),
                         {storage.options().begin(), storage.options().end()},
                         storage.mount_point()});
        log_debug("mounted " + storage.source() + " on " + storage.mount_point());
    }
    if (!request.guest_hook_path().empty()) {
        hooks_.scan(request.guest_hook_path());
    }
}

void AgentService::create_sandbox(const v1::CreateSandboxRequest& request) {
    if (sandbox_created_.exchange(true)) {
        throw Error(ErrorCode::already_exists, "cannot create the sandbox: it exists");
    }
    try {
        prepare_sandbox(request);
    } catch (const Error&) {
        storages_.unmount_all();
        sandbox_created_ = false;
        throw;
    }
}

grpc::ServerUnaryReactor* AgentService::CreateSandbox(Context* context,
                                                      const v1::CreateSandboxRequest* request,
                                                      v1::CreateSandboxResponse*) {
    return run(context, [this, request] { create_sandbox(*request); });
}

grpc::ServerUnaryReactor* AgentService::DestroySandbox(Context* context,
                                                       const v1::DestroySandboxRequest*,
                                                       v1::DestroySandboxResponse*) {
    return run(context, [this] {
        containers_.remove_all();
        storages_.unmount_all();
        sandbox_created_ = false;
        ::sync();
    });
}

grpc::ServerUnaryReactor* AgentService::CreateContainer(Context* context,
                                                        const v1::CreateContainerRequest* request,
                                                        v1::CreateContainerResponse*) {
    return run(context, [this, request] {
        create_container(*request, create_deadline(*request));
        oom_.watch(request->container_id(), containers_.cgroup(request->container_id()));
    });
}

grpc::ServerUnaryReactor* AgentService::StartContainer(Context* context,
                                                       const v1::StartContainerRequest* request,
                                                       v1::StartContainerResponse*) {
    return run(context, [this, request] {
        before_process_();
        // Its first question may be its first act.
        dns_.serve(resolv_conf_of(containers_.process(request->container_id(), "")->pid()));
        containers_.start(request->container_id());
    });
}

grpc::ServerBidiReactor<v1::DnsAnswer, v1::DnsQuery>* AgentService::RelayDns(Context*) {
    return DnsCall::begin(loop_, dns_);
}

grpc::ServerUnaryReactor* AgentService::RemoveContainer(Context* context,
                                                        const v1::RemoveContainerRequest* request,
                                                        v1::RemoveContainerResponse*) {
    return run(context, [this, request] {
        containers_.remove(request->container_id());
        storages_.disks().detach(request->container_id());
        copied_files_.remove(request->container_id());
        storages_.release_unused_files();
    });
}

void AgentService::open_debug_console(const v1::ExecProcessRequest& request) {
    if (!options_.debug_console) {
        throw Error(ErrorCode::permission_denied,
                    "cannot open a debug console: the sandbox was made without; set "
                    "debug_console_enabled = true below [agent.kata] in configuration.toml and "
                    "make it anew");
    }
    containers_.add_guest_shell(request.exec_id(),
                                [&] { return start_guest_shell(request.process_json(), reaper_); });
}

grpc::ServerUnaryReactor* AgentService::ExecProcess(Context* context,
                                                    const v1::ExecProcessRequest* request,
                                                    v1::ExecProcessResponse*) {
    return run(context, [this, request] {
        before_process_();
        if (request->container_id().empty()) {
            open_debug_console(*request);
            return;
        }
        containers_.exec(request->container_id(), request->exec_id(), request->process_json());
    });
}

grpc::ServerUnaryReactor* AgentService::SignalProcess(Context* context,
                                                      const v1::SignalProcessRequest* request,
                                                      v1::SignalProcessResponse*) {
    return run(context, [this, request] {
        containers_.signal(request->container_id(),
                           request->exec_id(),
                           signal_number(request->signal()),
                           request->all());
    });
}

grpc::ServerUnaryReactor* AgentService::ListProcesses(Context* context,
                                                      const v1::ListProcessesRequest* request,
                                                      v1::ListProcessesResponse* response) {
    return run(context, [this, request, response] {
        response->set_process_list(
            list_processes(reaper_,
                           containers_.cgroup(request->container_id()),
                           {request->ps_args().begin(), request->ps_args().end()}));
    });
}

grpc::ServerUnaryReactor* AgentService::WaitProcess(Context*,
                                                    const v1::WaitProcessRequest* request,
                                                    v1::WaitProcessResponse* response) {
    return WaitCall::begin(loop_, containers_, *request, *response);
}

grpc::ServerReadReactor<v1::WriteStdinRequest>* AgentService::WriteStdin(Context* context,
                                                                         v1::WriteStdinResponse*) {
    return StdinCall::begin(loop_, containers_, *context);
}

grpc::ServerWriteReactor<v1::ReadStreamResponse>* AgentService::ReadStdout(
    Context*, const v1::ReadStreamRequest* request) {
    return OutputCall::begin(loop_, containers_, *request, OutputCall::Stream::output);
}

grpc::ServerWriteReactor<v1::ReadStreamResponse>* AgentService::ReadStderr(
    Context*, const v1::ReadStreamRequest* request) {
    return OutputCall::begin(loop_, containers_, *request, OutputCall::Stream::error);
}

grpc::ServerUnaryReactor* AgentService::TtyWinResize(Context* context,
                                                     const v1::TtyWinResizeRequest* request,
                                                     v1::TtyWinResizeResponse*) {
    return run(context, [this, request] {
        containers_.process(request->container_id(), request->exec_id())
            ->resize(terminal_dimension(request->rows()), terminal_dimension(request->columns()));
    });
}

}  // namespace kata::agent::guest
