#include <signal.h>

#include <chrono>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/scope_exit.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/guest_log_relay.h"
#include "pkg/sandbox/guest_spec.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"
#include "pkg/sandbox/shim_launcher.h"
#include "pkg/sandbox/step_timer.h"
#include "pkg/sandbox/terminal.h"
#include "pkg/sandbox/vm_config_builder.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kKill{5};
constexpr const char* kGuestItself = "";  // in place of a container's id

void kill_quietly(Agent& agent,
                  const std::string& container_id,
                  const std::string& exec_id,
                  base::Log& log) noexcept {
    try {
        agent.signal_process(container_id, exec_id, SIGKILL, false, base::Deadline::after(kKill));
    } catch (const std::exception& error) {
        log.debug(std::string("cannot kill a process whose start failed: ") + error.what());
    }
}

base::Error with_advice(const base::Error& error) {
    if (error.code() != base::ErrorCode::permission_denied) {
        return error;
    }
    return {
        error.code(),
        "process args cannot be empty; name a command after the container's id, or, for a shell of "
        "the guest itself, set debug_console_enabled = true below [agent.kata] in "
        "configuration.toml and create the container anew"};
}

}  // namespace

base::ProcessId Runtime::exec(const ExecRequest& request) {
    StepTimer steps(log_, "exec");
    const ContainerPlace place = store_.get(request.id);
    const ContainerRecord record = load_record(place);
    require(place,
            record,
            request.ignore_paused ? oci::Operation::exec_ignoring_pause : oci::Operation::exec);
    const oci::Process process = oci::parse_process(request.process_json, "process");
    for (const std::string& warning : oci::validate(process)) {
        log_.warning(warning);
    }
    const bool terminal = process.terminal;
    require_usable_console(terminal, !request.foreground, request.console_socket);
    steps.begin("launch shim");
    ShimProcess shim = ShimProcess::launch({config_.shim_path,
                                            exec_shim_namespaces(record.shim.pid),
                                            request.console_socket,
                                            terminal && !request.foreground});
    HostCgroup::of_process(record.shim.pid).add(shim.id().pid);
    steps.begin("reach agent");
    const auto deadline = request_deadline(config_);
    const auto agent = connect_agent(vm_, place, deadline);
    const AgentAddress address = agent_address(place, StateStore::load_sandbox(place));
    DialedPort port = vm_.agents().dial(address, deadline);
    steps.begin("start process");
    const std::string exec_id = random_uuid();
    agent->exec_process(record.id, exec_id, guest_process(request.process_json), deadline);
    // Until a shim has it, nobody would ever end it.
    base::ScopeExit kill_process(
        [&]() noexcept { kill_quietly(*agent, record.id, exec_id, log_); });
    steps.begin("hand over");
    shim.relay({record.id, exec_id, terminal, false}, std::move(port), {}, deadline);
    remember_exec(place, shim.id());
    if (!request.pid_file.empty()) {
        base::write_file_atomically(request.pid_file, std::to_string(shim.id().pid), 0644);
    }
    kill_process.release();
    relay_guest_log(config_, place, log_);
    return shim.id();
}

// It needs a VM that runs, and no state of the container.
base::ProcessId Runtime::open_debug_console(const oci::ContainerId& id, bool terminal) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    const auto deadline = request_deadline(config_);
    const auto agent = connect_agent(vm_, place, deadline);
    ShimProcess shim = ShimProcess::launch({config_.shim_path, {}, {}, false});
    if (derive_status(record) != oci::Status::stopped) {
        HostCgroup::of_process(record.shim.pid).add(shim.id().pid);
    }
    const std::string exec_id = random_uuid();
    try {
        agent->exec_process(
            kGuestItself, exec_id, nlohmann::json{{"terminal", terminal}}.dump(), deadline);
    } catch (const base::Error& error) {
        throw with_advice(error);
    }
    base::ScopeExit kill_shell(
        [&]() noexcept { kill_quietly(*agent, kGuestItself, exec_id, log_); });
    const AgentAddress address = agent_address(place, StateStore::load_sandbox(place));
    shim.relay({kGuestItself, exec_id, terminal, false},
               vm_.agents().dial(address, deadline),
               {},
               deadline);
    remember_exec(place, shim.id());
    kill_shell.release();
    return shim.id();
}

}  // namespace kata::sandbox
