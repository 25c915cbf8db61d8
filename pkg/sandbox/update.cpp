#include <chrono>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/resize.h"
#include "pkg/sandbox/resources.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"
#include "pkg/sandbox/step_timer.h"
#include "pkg/sandbox/vcpu_pinning.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kLockWait{60};

oci::Spec updated_spec(const oci::Spec& spec, const nlohmann::json& change) {
    nlohmann::json document = spec.document;
    nlohmann::json& section = document["linux"];
    if (!section.is_object()) {
        section = nlohmann::json::object();
    }
    section["resources"] =
        merged_resources(section.value("resources", nlohmann::json::object()), change);
    oci::Spec updated = oci::parse_spec(document.dump(), "the updated specification");
    oci::validate_resources(updated.linux_->resources);
    return updated;
}

}  // namespace

void Runtime::update(const oci::ContainerId& id, const std::string& resources_json) {
    StepTimer steps(log_, "update");
    const nlohmann::json change = oci::parse_resources(resources_json, "the resources").document;
    const ContainerPlace place = store_.get(id);
    const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    const ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::update);
    const oci::Spec spec = updated_spec(StateStore::load_spec(place), change);
    const oci::Resources& resources = spec.linux_->resources;

    steps.begin("reach agent");
    const auto deadline = request_deadline(config_);
    const auto agent = connect_agent(vm_, place, deadline);
    const auto specs = living_specs(place, spec);
    SandboxResize resize(config_, vm_.hypervisor(), *agent, log_, place);
    // First the room, then the limit that lets the container use it; and the other way round.
    steps.begin("grow sandbox");
    resize.grow(specs);
    steps.begin("set limits");
    const RuntimeConfig config = sandbox_config(config_, place);
    if (!config.sandbox_cgroup_only) {
        HostCgroup::of_process(record.shim.pid).limit(resources.cpu);
    }
    agent->update_container(
        record.id, guest_resources(resources.document, change).dump(), deadline);
    StateStore::save_spec(place, spec);
    steps.begin("shrink sandbox");
    resize.shrink(specs);
    pin_vcpus(config, StateStore::load_sandbox(place), specs, vm_.hypervisor());
}

}  // namespace kata::sandbox
