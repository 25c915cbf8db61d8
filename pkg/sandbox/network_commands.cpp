#include <chrono>
#include <memory>

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/network_refresh.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kLockWait{60};

}  // namespace

/// A container that runs, its sandbox locked, its guest reached.
struct NetworkTask {
    ContainerPlace place;
    base::FileLock lock;
    ContainerRecord record;
    std::unique_ptr<Agent> agent;
};

NetworkTask Runtime::network_task(const oci::ContainerId& id) {
    const ContainerPlace place = store_.get(id);
    base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    ContainerRecord record = load_record(place);
    if (derive_status(record) != oci::Status::running) {
        throw base::Error(
            base::ErrorCode::invalid_state,
            "cannot change the network of container \"" + id.str() + "\": it does not run");
    }
    auto agent = connect_agent(vm_, place, request_deadline(config_));
    return {place, std::move(lock), std::move(record), std::move(agent)};
}

GuestInterface Runtime::add_interface(const oci::ContainerId& id,
                                      const std::string& device,
                                      const GuestInterface& wanted) {
    const NetworkTask task = network_task(id);
    GuestInterface added;
    change_network({config_, vm_, log_, task.place, task.record},
                   [&](SandboxNetwork& network, pid_t vm_pid) {
                       added = network.add(device, wanted, vm_.hypervisor(), *task.agent, vm_pid);
                   });
    return added;
}

GuestInterface Runtime::remove_interface(const oci::ContainerId& id, const GuestInterface& which) {
    const NetworkTask task = network_task(id);
    GuestInterface removed;
    change_network({config_, vm_, log_, task.place, task.record},
                   [&](SandboxNetwork& network, pid_t) {
                       removed = network.remove(which, vm_.hypervisor(), *task.agent);
                   });
    return removed;
}

std::vector<GuestInterface> Runtime::interfaces(const oci::ContainerId& id) {
    return network_task(id).agent->list_interfaces(request_deadline(config_));
}

std::vector<GuestRoute> Runtime::routes(const oci::ContainerId& id) {
    return network_task(id).agent->list_routes(request_deadline(config_));
}

std::vector<GuestRoute> Runtime::update_routes(const oci::ContainerId& id,
                                               const std::vector<GuestRoute>& routes) {
    const NetworkTask task = network_task(id);
    change_network(
        {config_, vm_, log_, task.place, task.record},
        [&](SandboxNetwork& network, pid_t) { network.set_routes(routes, *task.agent); });
    return task.agent->list_routes(request_deadline(config_));
}

void Runtime::refresh_network(const oci::ContainerId& id) {
    const ContainerPlace place = store_.get(id);
    const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    const ContainerRecord record = load_record(place);
    if (derive_status(record) == oci::Status::stopped) {
        return;
    }
    std::unique_ptr<Agent> agent;
    sandbox::refresh_network({config_, vm_, log_, place, record}, [&]() -> Agent& {
        agent = connect_agent(vm_, place, request_deadline(config_));
        return *agent;
    });
}

}  // namespace kata::sandbox
