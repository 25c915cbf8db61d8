#include "pkg/sandbox/undo.h"

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/process.h"
#include "pkg/base/safe_path.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/cgroup_place.h"
#include "pkg/sandbox/disk_access.h"
#include "pkg/sandbox/lent_rootfs.h"
#include "pkg/sandbox/network/connection.h"
#include "pkg/sandbox/sandbox_vfio.h"
#include "pkg/sandbox/share_server.h"

namespace kata::sandbox {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kUnplug{10};

void unmount(const std::string& path) {
    // Detached, because the guest may still have it open; the tree goes with the VM.
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL &&
        errno != ENOENT) {
        throw base::errno_error("unmount", path, errno);
    }
}

void kill_qemu(const std::string& uuid) {
    for (const pid_t pid : find_qemu(uuid)) {
        if (const auto process = base::find_process(pid)) {
            base::send_signal(*process, SIGKILL);
        }
    }
}

// A create that was killed inside libvirt's call has its VM appear after we have looked for it.
void await_late_vm(Hypervisor& hypervisor, const std::string& uuid, base::Deadline deadline) {
    const auto settled = deadline.at_most(milliseconds(2000));
    while (!settled.passed()) {
        if (hypervisor.vm_state(uuid, deadline) != VmState::stopped) {
            hypervisor.destroy_vm(uuid, deadline);
            return;
        }
        std::this_thread::sleep_for(milliseconds(50));
    }
}

void destroy_through_libvirt(const std::string& uuid, const UndoContext& context) {
    Hypervisor& hypervisor = context.vm.hypervisor();
    hypervisor.destroy_vm(uuid, context.deadline);
    if (!context.vm_confirmed) {
        await_late_vm(hypervisor, uuid, context.deadline);
    }
    context.tombstones.finish(hypervisor, context.log, context.deadline);
}

void destroy_vm(const std::string& uuid, const UndoContext& context) {
    try {
        destroy_through_libvirt(uuid, context);
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::unavailable &&
            error.code() != base::ErrorCode::timeout) {
            throw;
        }
        context.log.warning(std::string("killing QEMU directly, because libvirt does not help: ") +
                            error.what());
        // A libvirt that hangs may still hold a request of ours; one that is not there holds none.
        if (error.code() == base::ErrorCode::timeout) {
            context.tombstones.add(uuid);
        }
    }
    // Also where libvirt knows no such VM: it may have lost it while the QEMU lives on.
    kill_qemu(uuid);
}

void leave_cgroup(const std::string& directory, const UndoContext& context) {
    if (!remove_cgroup(directory)) {
        context.log.warning("cgroup \"" + directory + "\" stays: processes of others are in it");
    }
}

void leave_cgroup_parent(const std::string& directory) {
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT && errno != EBUSY &&
        errno != ENOTEMPTY) {
        throw base::errno_error("remove cgroup", directory, errno);
    }
}

// Taking a disk out of a VM that ends would be waiting for its guest, and for libvirt, in vain.
void undo_disk(const std::string& text, const UndoContext& context) {
    const DiskEffect disk = parse_disk_effect(text);
    if (context.vm_goes_on) {
        context.vm.hypervisor().unplug_disk(
            disk.vm_uuid, disk.serial, context.deadline.at_most(kUnplug));
    }
    take_access(disk);
}

void undo_vfio(const std::string& text, const UndoContext& context) {
    const VfioEffect group = parse_vfio_effect(text);
    if (context.vm_goes_on) {
        for (const std::string& device : group.devices) {
            context.vm.hypervisor().unplug_host_device(
                group.vm_uuid, device, context.deadline.at_most(kUnplug));
        }
    }
    take_group(group);
}

// Whatever was about to be a disk of the VM may have been written by its guest.
void undo_rootfs(const std::string& text, const std::vector<Effect>& effects) {
    const LentRootfs lent = parse_lent_rootfs(text);
    const bool was_disk = std::ranges::any_of(effects, [&](const Effect& effect) {
        return effect.kind == Effect::Kind::disk &&
               parse_disk_effect(effect.object).serial == lent.serial;
    });
    take_rootfs_back(lent, lent.read_only || !was_disk);
}

void undo_effect(const Effect& effect,
                 const std::vector<Effect>& effects,
                 const UndoContext& context) {
    switch (effect.kind) {
        case Effect::Kind::vm:
            return destroy_vm(effect.object, context);
        case Effect::Kind::mount:
            return unmount(effect.object);
        case Effect::Kind::directory:
            return base::remove_tree(effect.object);
        case Effect::Kind::cgroup:
        case Effect::Kind::vm_cgroup:
            return leave_cgroup(effect.object, context);
        case Effect::Kind::cgroup_parent:
            return leave_cgroup_parent(effect.object);
        case Effect::Kind::traffic:
            return undo_traffic(effect.object);
        case Effect::Kind::macvtap:
            return undo_macvtap(effect.object);
        case Effect::Kind::disk:
            return undo_disk(effect.object, context);
        case Effect::Kind::vfio:
            return undo_vfio(effect.object, context);
        case Effect::Kind::rootfs:
            return undo_rootfs(effect.object, effects);
        case Effect::Kind::server:
            return undo_share_server(effect.object);
        case Effect::Kind::scope:
            return stop_scope(effect.object, effects, context.vm, context.log, context.deadline);
    }
}

// libvirt's cgroups are free when the VM has gone, and their parents when they have. A scope is
// stopped when its cgroups are free: what is in them then is not ours.
int turn_of(Effect::Kind kind) {
    switch (kind) {
        case Effect::Kind::vm_cgroup:
        case Effect::Kind::scope:
            return 1;
        case Effect::Kind::cgroup_parent:
            return 2;
        default:
            return 0;
    }
}

bool carries_uuid(const std::string& arguments, const std::string& uuid) {
    using namespace std::string_literals;
    return arguments.find("\0-uuid\0"s + uuid + "\0"s) != std::string::npos;
}

}  // namespace

void undo_effects(const std::vector<Effect>& effects, const UndoContext& context) {
    std::optional<base::Error> first;
    const auto undo = [&](const Effect& effect) {
        try {
            undo_effect(effect, effects, context);
        } catch (const base::Error& error) {
            if (!first) {
                first = error;
            }
        }
    };
    for (const int turn : {0, 1, 2}) {
        for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect) {
            if (turn_of(effect->kind) == turn) {
                undo(*effect);
            }
        }
    }
    if (first) {
        throw base::Error(*first);
    }
}

std::vector<pid_t> find_qemu(const std::string& uuid) {
    std::vector<pid_t> pids;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto arguments = base::try_read_file(entry.path() / "cmdline");
        if (arguments && carries_uuid(*arguments, uuid)) {
            pids.push_back(static_cast<pid_t>(std::stol(name)));
        }
    }
    return pids;
}

}  // namespace kata::sandbox
