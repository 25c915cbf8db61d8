#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {

std::vector<pid_t> Runtime::host_pids(const oci::ContainerId& id) const {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::ps);
    std::vector<pid_t> pids{record.shim.pid};
    for (const base::ProcessId& exec : living_execs(place)) {
        pids.push_back(exec.pid);
    }
    return pids;
}

std::string Runtime::guest_processes(const oci::ContainerId& id,
                                     const std::vector<std::string>& ps_args) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::ps);
    const auto deadline = request_deadline(config_);
    return connect_agent(vm_, place, deadline)->list_processes(record.id, ps_args, deadline);
}

}  // namespace kata::sandbox
