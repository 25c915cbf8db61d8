#include "pkg/agent/client/agent_client.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/disk_messages.h"
#include "pkg/agent/client/guest_replies.h"
#include "pkg/agent/client/unary_call.h"
#include "pkg/base/error.h"

namespace kata::agent {
namespace {

// Why the guest gave up is told by its answer, which takes time, too.
constexpr std::chrono::seconds kAnswer{5};

base::UniqueFd duplicate(base::FdRef fd) {
    base::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) {
        throw base::errno_error("duplicate the connection to the agent", "", errno);
    }
    return copy;
}

}  // namespace

AgentClient::AgentClient(sandbox::DialedPort port)
    : lock_(std::move(port.lock)),
      shutdown_(duplicate(port.connection.ref())),
      stub_(v1::AgentService::NewStub(open_channel(std::move(port.connection)))) {}

// gRPC closes its descriptor in its own time; the port must be free when the lock is.
AgentClient::~AgentClient() {
    stub_.reset();
    ::shutdown(shutdown_.get(), SHUT_RDWR);
}

void AgentClient::create_sandbox(const sandbox::SandboxSetup& setup, base::Deadline deadline) {
    v1::CreateSandboxRequest request;
    request.set_sandbox_id(setup.sandbox_id);
    for (const sandbox::GuestStorage& storage : setup.storages) {
        v1::Storage* added = request.add_storages();
        added->set_source(storage.source);
        added->set_fs_type(storage.fs_type);
        added->set_mount_point(storage.mount_point);
        if (storage.driver) {
            added->set_driver(driver_word(*storage.driver));
        }
        for (const std::string& option : storage.options) {
            added->add_options(option);
        }
    }
    for (const sandbox::GuestModule& module : setup.kernel_modules) {
        v1::KernelModule* added = request.add_kernel_modules();
        added->set_name(module.name);
        for (const std::string& parameter : module.parameters) {
            added->add_parameters(parameter);
        }
    }
    request.set_guest_hook_path(setup.hook_path);
    unary_call<v1::CreateSandboxRequest, v1::CreateSandboxResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncCreateSandbox,
        request,
        deadline,
        quoted("prepare the guest of sandbox", setup.sandbox_id));
}

void AgentClient::create_container(const std::string& container_id,
                                   const std::string& spec_json,
                                   const sandbox::GuestDisks& disks,
                                   base::Deadline deadline) {
    v1::CreateContainerRequest request;
    request.set_container_id(container_id);
    request.set_spec_json(spec_json);
    add_disks(request, disks);
    request.set_time_ms(deadline.remaining().count());
    unary_call<v1::CreateContainerRequest, v1::CreateContainerResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncCreateContainer,
        request,
        base::Deadline(deadline.when() + kAnswer),
        quoted("create container", container_id));
}

void AgentClient::start_container(const std::string& container_id, base::Deadline deadline) {
    v1::StartContainerRequest request;
    request.set_container_id(container_id);
    unary_call<v1::StartContainerRequest, v1::StartContainerResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncStartContainer,
        request,
        deadline,
        quoted("start container", container_id));
}

void AgentClient::remove_container(const std::string& container_id, base::Deadline deadline) {
    v1::RemoveContainerRequest request;
    request.set_container_id(container_id);
    unary_call<v1::RemoveContainerRequest, v1::RemoveContainerResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncRemoveContainer,
        request,
        deadline,
        quoted("remove container", container_id));
}

void AgentClient::exec_process(const std::string& container_id,
                               const std::string& exec_id,
                               const std::string& process_json,
                               base::Deadline deadline) {
    v1::ExecProcessRequest request;
    request.set_container_id(container_id);
    request.set_exec_id(exec_id);
    request.set_process_json(process_json);
    unary_call<v1::ExecProcessRequest, v1::ExecProcessResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncExecProcess,
        request,
        deadline,
        quoted("start a process in container", container_id));
}

void AgentClient::signal_process(const std::string& container_id,
                                 const std::string& exec_id,
                                 int signal,
                                 bool all,
                                 base::Deadline deadline) {
    v1::SignalProcessRequest request;
    request.set_container_id(container_id);
    request.set_exec_id(exec_id);
    request.set_signal(static_cast<std::uint32_t>(signal));
    request.set_all(all);
    unary_call<v1::SignalProcessRequest, v1::SignalProcessResponse>(
        *stub_,
        &v1::AgentService::Stub::PrepareAsyncSignalProcess,
        request,
        deadline,
        quoted("signal container", container_id));
}

std::string AgentClient::list_processes(const std::string& container_id,
                                        const std::vector<std::string>& ps_args,
                                        base::Deadline deadline) {
    v1::ListProcessesRequest request;
    request.set_container_id(container_id);
    for (const std::string& argument : ps_args) {
        request.add_ps_args(argument);
    }
    return printable_lines(unary_call<v1::ListProcessesRequest, v1::ListProcessesResponse>(
                               *stub_,
                               &v1::AgentService::Stub::PrepareAsyncListProcesses,
                               request,
                               deadline,
                               quoted("list the processes of container", container_id))
                               .process_list());
}

}  // namespace kata::agent
