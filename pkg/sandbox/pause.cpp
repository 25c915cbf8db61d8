#include <chrono>

#include "pkg/base/error.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kLockWait{60};

}  // namespace

void Runtime::pause(const oci::ContainerId& id) {
    const ContainerPlace place = store_.get(id);
    const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::pause);
    const auto deadline = request_deadline(config_);
    connect_agent(vm_, place, deadline)->pause_container(record.id, deadline);
    record.paused = true;
    StateStore::save_container(place, record);
}

void Runtime::resume(const oci::ContainerId& id) {
    const ContainerPlace place = store_.get(id);
    const base::FileLock lock = store_.lock(place, base::Deadline::after(kLockWait));
    ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::resume);
    const auto deadline = request_deadline(config_);
    connect_agent(vm_, place, deadline)->resume_container(record.id, deadline);
    record.paused = false;
    StateStore::save_container(place, record);
}

}  // namespace kata::sandbox
