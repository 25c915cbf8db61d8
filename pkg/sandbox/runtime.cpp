#include "pkg/sandbox/runtime.h"

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/undo.h"

namespace kata::sandbox {
namespace {

oci::ContainerSummary summary_of(const ContainerRecord& record) {
    oci::ContainerSummary summary;
    summary.oci_version = record.oci_version;
    summary.id = record.id;
    summary.status = derive_status(record);
    summary.pid = summary.status == oci::Status::stopped ? 0 : record.shim.pid;
    summary.bundle = record.bundle;
    summary.rootfs = record.rootfs;
    summary.created = record.created;
    summary.annotations = record.annotations;
    summary.owner = "root";
    return summary;
}

}  // namespace

Runtime::Runtime(const RuntimeConfig& config,
                 const StateStore& store,
                 VmBackend& vm,
                 base::Log& log)
    : config_(config), store_(store), vm_(vm), log_(log) {}

oci::ContainerSummary Runtime::state(const oci::ContainerId& id) const {
    return summary_of(load_record(store_.get(id)));
}

std::vector<oci::ContainerSummary> Runtime::list() const {
    std::vector<oci::ContainerSummary> summaries;
    for (const oci::ContainerId& id : store_.ids()) {
        try {
            summaries.push_back(state(id));
        } catch (const base::Error& error) {
            if (error.code() != base::ErrorCode::not_found) {
                log_.warning("cannot list container \"" + id.str() + "\": " + error.what());
            }
        }
    }
    return summaries;
}

bool Runtime::vm_is_gone(const oci::ContainerId& id) const {
    return find_qemu(StateStore::load_sandbox(store_.get(id)).vm_uuid).empty();
}

oci::Spec Runtime::spec(const oci::ContainerId& id) const {
    return StateStore::load_spec(store_.get(id));
}

}  // namespace kata::sandbox
