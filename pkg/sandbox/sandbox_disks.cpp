#include "pkg/sandbox/sandbox_disks.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/disk_tuning.h"
#include "pkg/sandbox/disk_use.h"
#include "pkg/sandbox/guest_swap.h"
#include "pkg/sandbox/machine_builder.h"
#include "pkg/sandbox/verified_assets.h"
#include "pkg/sandbox/volumes/filesystem_maker.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr mode_t kSearchable = 0755;
constexpr std::chrono::seconds kMakeFileSystem{120};

/// Those that the VM has, by serial.
std::map<std::string, DiskEffect> present_disks(const ContainerPlace& place,
                                                const std::string& vm_uuid,
                                                base::Log& log) {
    std::map<std::string, DiskEffect> present;
    for (const Effect& effect : Journal::load(place.journal(), log)) {
        if (effect.kind != Effect::Kind::disk) {
            continue;
        }
        DiskEffect disk = parse_disk_effect(effect.object);
        if (disk.vm_uuid == vm_uuid) {
            present.insert_or_assign(disk.serial, std::move(disk));
        }
    }
    return present;
}

void require_writable(const DiskEffect& present, const PlannedDisk& wanted) {
    if (present.read_only && !wanted.read_only) {
        throw Error(ErrorCode::invalid_state,
                    "cannot write to \"" + base::printable(wanted.source.path.native(), 256) +
                        "\": another container of the pod has it read-only in the same VM");
    }
}

// Through the path that QEMU will open, so that it is the same device.
void make_file_system(const DiskEffect& effect, const PlannedDisk& disk) {
    try {
        make_filesystem(effect.path, disk.make_fs_type, base::Deadline::after(kMakeFileSystem));
    } catch (const Error& error) {
        throw error.with_context("direct volume \"" + base::printable(disk.volume, 256) + "\"");
    }
}

}  // namespace

VmUser SandboxDisks::user_of(const std::string& vm_uuid) const {
    return context_.vm.hypervisor().vm_user(vm_identity(context_.config, vm_uuid),
                                            base::Deadline::after(context_.config.libvirt_timeout));
}

VmDisk SandboxDisks::make(const PlannedDisk& disk,
                          const std::string& vm_uuid,
                          const VmUser& user,
                          std::size_t number,
                          Journal& journal) {
    const auto assets = assets_dir_of(context_.config, context_.place);
    const DiskEffect effect = plan_access(disk, vm_uuid, assets, user);
    const bool is_file = !effect.is_block_device && !effect.is_socket;
    if (is_file && !std::filesystem::exists(assets)) {
        context_.sandbox_journal.record(Effect::Kind::directory, assets.native());
        base::make_directories(assets, kSearchable);
        std::filesystem::permissions(assets, std::filesystem::perms(kSearchable));
    }
    journal.record(Effect::Kind::disk, to_text(effect));
    if (!disk.volume.empty()) {
        context_.claim_volume(disk.volume);
    }
    require_unused_by_sandboxes(effect, disk.source.path, context_.place.sandbox_dir, context_.log);
    give_access(effect, disk, user);
    if (!disk.make_fs_type.empty()) {
        make_file_system(effect, disk);
    }
    VmDisk made;
    made.source = effect.path;
    made.is_block_device = effect.is_block_device;
    made.is_socket = effect.is_socket;
    made.reconnect_seconds = context_.config.vhost_user_reconnect_seconds;
    made.read_only = effect.read_only;
    made.serial = effect.serial;
    made.tuning = disk_tuning(context_.config, number);
    if (made.is_socket) {
        made.tuning.driver = DiskDriver::virtio_blk;
    }
    return made;
}

std::vector<VmDisk> SandboxDisks::make_missing(const std::string& vm_uuid) {
    std::vector<VmDisk> made;
    if (plan_.disks.empty()) {
        return made;
    }
    const VmUser user = user_of(vm_uuid);
    const auto present = present_disks(context_.place, vm_uuid, context_.log);
    for (const PlannedDisk& disk : plan_.disks) {
        if (const auto found = present.find(disk.serial); found != present.end()) {
            require_writable(found->second, disk);
        } else {
            made.push_back(
                make(disk, vm_uuid, user, present.size() + made.size(), context_.journal));
        }
    }
    return made;
}

std::vector<VmDisk> SandboxDisks::provide(const std::string& vm_uuid) {
    return make_missing(vm_uuid);
}

VmDisk SandboxDisks::provide_swap(const std::string& vm_uuid, std::uint64_t memory_mib) {
    const VmUser user = user_of(vm_uuid);
    const PlannedDisk swap = make_guest_swap(
        context_.config, context_.place, memory_mib, user, context_.sandbox_journal);
    return make(swap, vm_uuid, user, plan_.disks.size(), context_.sandbox_journal);
}

void SandboxDisks::plug(const std::string& vm_uuid) {
    for (const VmDisk& disk : make_missing(vm_uuid)) {
        context_.vm.hypervisor().plug_disk(
            vm_uuid, disk, base::Deadline::after(context_.config.libvirt_timeout));
    }
}

}  // namespace kata::sandbox
