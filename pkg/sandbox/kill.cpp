#include <signal.h>

#include <chrono>

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kShimEnd{2};

// A shim whose output nobody reads never gets to its last byte. After SIGKILL nobody waits for
// that.
void end_shim(const ContainerRecord& record) {
    try {
        await_end(record.shim, "kata-shim", base::Deadline::after(kShimEnd));
    } catch (const base::Error&) {
        base::send_signal(record.shim, SIGKILL);
    }
}

void signal_in_guest(
    Agent& agent, const ContainerRecord& record, int signal, bool all, base::Deadline deadline) {
    agent.signal_process(record.id, "", signal, all, deadline);
    if (signal == SIGKILL) {
        end_shim(record);
    }
}

}  // namespace

void Runtime::kill(const oci::ContainerId& id, int signal, bool all) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, all ? oci::Operation::kill_all : oci::Operation::kill);
    if (derive_status(record) == oci::Status::stopped) {
        return;  // --all of a stopped container: there is nobody left to signal
    }
    const auto deadline = request_deadline(config_);
    try {
        signal_in_guest(*connect_agent(vm_, place, deadline), record, signal, all, deadline);
    } catch (const base::Error& error) {
        const bool unreachable = error.code() == base::ErrorCode::unavailable ||
                                 error.code() == base::ErrorCode::timeout;
        if (signal != SIGKILL || !unreachable) {
            throw;
        }
        // The guest kills the process of a shim that is gone, or is gone itself.
        log_.warning(std::string("killing the shim, because the guest does not answer: ") +
                     error.what());
        base::send_signal(record.shim, SIGKILL);
    }
}

}  // namespace kata::sandbox
