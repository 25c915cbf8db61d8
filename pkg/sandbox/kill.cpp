#include <signal.h>

#include <chrono>

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {

void Runtime::kill(const oci::ContainerId& id, int signal, bool all) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, all ? oci::Operation::kill_all : oci::Operation::kill);
    if (derive_status(record) == oci::Status::stopped) {
        return;  // --all of a stopped container: there is nobody left to signal
    }
    const auto deadline = base::Deadline::after(config_.request_timeout);
    try {
        connect_agent(vm_, place, deadline)->signal_process(record.id, "", signal, all, deadline);
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
