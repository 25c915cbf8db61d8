#include <signal.h>

#include <chrono>

#include "pkg/base/error.h"
#include "pkg/oci/hooks.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/guest_log_relay.h"
#include "pkg/sandbox/network_refresh.h"
#include "pkg/sandbox/network_watch.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"
#include "pkg/sandbox/step_timer.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kLockWait{60};
constexpr std::chrono::seconds kHooks{300};

// runc ends the container if a poststart hook fails, whatever version the spec names; engines rely
// on it.
void run_poststart(const oci::Spec& spec, const ContainerRecord& record, Agent& agent) {
    const oci::HookContext context{hook_state(record, oci::Status::running), record.bundle, {}};
    try {
        oci::run_hooks(
            spec.hooks, oci::HookStage::poststart, context, base::Deadline::after(kHooks));
    } catch (const base::Error&) {
        agent.signal_process(
            record.id, "", SIGKILL, true, base::Deadline::after(std::chrono::seconds(10)));
        throw;
    }
}

}  // namespace

void Runtime::start(const oci::ContainerId& id) {
    StepTimer steps(log_, "start");
    const ContainerPlace place = store_.get(id);
    const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::start);
    const oci::Spec spec = StateStore::load_spec(place);
    steps.begin("reach agent");
    const auto deadline = request_deadline(config_);
    const auto agent = connect_agent(vm_, place, deadline);
    if (record.owns_sandbox) {
        steps.begin("look at network");
        sandbox::refresh_network({config_, vm_, log_, place, record},
                                 [&]() -> Agent& { return *agent; });
    }
    steps.begin("start container");
    agent->start_container(record.id, deadline);
    record.last_status = oci::Status::running;
    StateStore::save_container(place, record);
    steps.begin("run hooks");
    run_poststart(spec, record, *agent);
    relay_guest_log(config_, place, log_);
    if (config_.enable_netmon && record.owns_sandbox) {
        start_network_watch(config_, record.id);
    }
}

}  // namespace kata::sandbox
