#include "pkg/sandbox/container_disks.h"

#include <chrono>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kGrow{60};

}  // namespace

DiskPlan plan_container_disks(const oci::Spec& spec, const RuntimeConfig& config) {
    DiskPlan plan = plan_disks(spec, config.block_device_driver, [](const oci::Mount&) {
        return std::optional<VolumeOnDisk>();
    });
    if (!config.disable_block_device_use || plan.disks.empty()) {
        return plan;
    }
    if (!plan.mounts.empty()) {
        throw base::Error(
            base::ErrorCode::unsupported,
            "cannot mount \"" + spec.mounts[plan.mounts.begin()->first].destination +
                "\": it is on a disk, and disable_block_device_use in configuration.toml is true");
    }
    return {};
}

void grow_pending_volumes(const RuntimeConfig& /*config*/, const DiskPlan& plan, Agent& agent) {
    for (const PlannedDisk& disk : plan.disks) {
        if (disk.pending_size > 0) {
            agent.grow_volume(std::string(kGuestStorageDir) + "/" + disk.serial,
                              disk.pending_size,
                              base::Deadline::after(kGrow));
        }
    }
}

}  // namespace kata::sandbox
