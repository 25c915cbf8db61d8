#include <signal.h>

#include <chrono>
#include <optional>

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/guest_log_relay.h"
#include "pkg/sandbox/pod.h"
#include "pkg/sandbox/resize.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"
#include "pkg/sandbox/step_timer.h"
#include "pkg/sandbox/undo.h"
#include "pkg/sandbox/vcpu_pinning.h"

namespace kata::sandbox {
namespace {

using std::chrono::seconds;

constexpr seconds kLockWait{60};
constexpr seconds kShimEnd{10};

// The record of a create that was killed early may be missing or torn: what there is must still go
// away.
std::optional<ContainerRecord> try_load_record(const ContainerPlace& place, base::Log& log) {
    try {
        return StateStore::load_container(place);
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            log.warning(error.what());
        }
        return std::nullopt;
    }
}

bool vm_is_confirmed(const ContainerPlace& place) {
    try {
        return StateStore::load_sandbox(place).vm_pid != 0;
    } catch (const base::Error&) {
        return false;
    }
}

void kill_shims(const ContainerPlace& place, const ContainerRecord& record) {
    for (const base::ProcessId& exec : living_execs(place)) {
        base::send_signal(exec, SIGKILL);
    }
    if (record.shim.pid != 0 && base::send_signal(record.shim, SIGKILL)) {
        await_end(record.shim, "kata-shim", base::Deadline::after(kShimEnd));
    }
}

void remove_from_guest(VmBackend& vm, const ContainerPlace& place, base::Log& log) {
    try {
        const auto deadline = base::Deadline::after(kShimEnd);
        connect_agent(vm, place, deadline)->remove_container(place.id.str(), deadline);
    } catch (const base::Error& error) {
        log.warning("cannot remove container \"" + place.id.str() +
                    "\" from its VM: " + error.what());
    }
}

// Those that stay may have as many CPUs now as there are vCPUs, or not any more.
void try_pin_vcpus(const RuntimeConfig& config,
                   Hypervisor& hypervisor,
                   const ContainerPlace& place,
                   base::Log& log) {
    try {
        std::vector<oci::Spec> specs = living_specs(place, {});
        specs.erase(specs.begin());
        pin_vcpus(
            sandbox_config(config, place), StateStore::load_sandbox(place), specs, hypervisor);
    } catch (const base::Error& error) {
        log.warning(std::string("the sandbox's vCPUs stay where they are: ") + error.what());
    }
}

// Hooks of the guest see the container's end there; a guest that is gone has none.
bool wants_hooks_in_guest(const RuntimeConfig& config, const ContainerPlace& place) {
    try {
        return !sandbox_config(config, place).guest_hook_path.empty() &&
               !find_qemu(StateStore::load_sandbox(place).vm_uuid).empty();
    } catch (const base::Error&) {
        return false;
    }
}

// Without the spec nobody knows the hooks any more, and the container must go away all the same.
void try_run_poststop(const ContainerPlace& place, const ContainerRecord& record, base::Log& log) {
    try {
        run_poststop(StateStore::load_spec(place), record, log);
    } catch (const base::Error& error) {
        log.warning("cannot run the poststop hooks of container \"" + place.id.str() +
                    "\": " + error.what());
    }
}

}  // namespace

void Runtime::remove(const oci::ContainerId& id, bool force) {
    try {
        auto found = store_.find(id);
        if (!found && force) {
            found = store_.find_lost(id);
        }
        const ContainerPlace place = found ? *found : store_.get(id);
        const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
        remove_locked(place, force);
    } catch (const base::Error& error) {
        // Whoever forces wants it gone, and it is.
        if (!force || error.code() != base::ErrorCode::not_found || store_.find(id)) {
            throw;
        }
    }
}

void Runtime::remove_locked(const ContainerPlace& place, bool force) {
    StepTimer steps(log_, "delete");
    const auto record = try_load_record(place, log_);
    if (!record && !force) {
        throw oci::container_not_found(place.id);
    }
    if (record) {
        require(place, *record, force ? oci::Operation::remove_forced : oci::Operation::remove);
        steps.begin("end shims");
        kill_shims(place, *record);
    }
    const bool whole_sandbox = !has_neighbours(place);
    const Tombstones tombstones(config_.tombstone_dir);
    const UndoContext context{vm_,
                              log_,
                              tombstones,
                              base::Deadline::after(config_.libvirt_timeout),
                              vm_is_confirmed(place)};
    if (whole_sandbox) {
        // What the guest has not written to a disk yet would be lost with it.
        const bool has_disks = record && !record->disks.empty() && context.vm_confirmed;
        if (has_disks || wants_hooks_in_guest(config_, place)) {
            steps.begin("remove from guest");
            remove_from_guest(vm_, place, log_);
        }
        steps.begin("undo effects");
        undo_effects(Journal::load(place.journal(), log_), context);
    } else {
        steps.begin("remove from guest");
        remove_from_guest(vm_, place, log_);
        try_pin_vcpus(config_, vm_.hypervisor(), place, log_);
        // Whose record is lost may be the one in whose cgroup QEMU is.
        undo_one_of_pod(place, !record || record->owns_sandbox, context);
    }
    relay_guest_log(config_, place, log_);
    if (record) {
        steps.begin("run hooks");
        try_run_poststop(place, *record, log_);
    }
    steps.begin("forget");
    store_.forget(place, whole_sandbox);
}

}  // namespace kata::sandbox
