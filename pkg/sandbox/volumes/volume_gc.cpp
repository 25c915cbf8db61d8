// What is left of sandboxes and devices that do not exist any more.
#include "pkg/base/error.h"
#include "pkg/sandbox/volumes/direct_volume_store.h"

namespace kata::sandbox {
namespace {

std::string device_gone(const DirectVolume& volume) {
    return "its device \"" + base::printable(volume.info.device) + "\" does not exist";
}

/// Why nobody can need the volume any more; empty: somebody may.
std::string reason_to_remove(const DirectVolume& volume, const HostView& host) {
    if (!volume.sandboxes.empty()) {
        return "";
    }
    if (volume.half_made) {
        return "its add was interrupted";
    }
    return state_of(volume, host) == VolumeState::gone ? device_gone(volume) : "";
}

}  // namespace

std::vector<Garbage> DirectVolumeStore::collect_garbage(bool dry_run) const {
    std::vector<Garbage> garbage;
    if (!open_root().valid()) {
        return garbage;
    }
    const base::FileLock held = lock();
    for (const DirectVolume& volume : list()) {
        const std::string reason = reason_to_remove(volume, host_);
        if (!reason.empty()) {
            garbage.push_back({volume.path, "", reason});
            if (!dry_run) {
                erase(volume.path);
            }
            continue;
        }
        for (const std::string& sandbox : volume.stale) {
            garbage.push_back({volume.path, sandbox, "the sandbox does not exist"});
            if (!dry_run) {
                drop_sandbox(volume.path, sandbox);
            }
        }
    }
    return garbage;
}

VolumeState state_of(const DirectVolume& volume, const HostView& host) {
    if (!volume.sandboxes.empty()) {
        return VolumeState::in_use;
    }
    if (!volume.problem.empty()) {
        return VolumeState::broken;
    }
    try {
        if (settings_of(volume.info).kind == VolumeKind::disk) {
            static_cast<void>(examine_device(volume.info.device, host));
        }
    } catch (const base::Error& error) {
        return error.code() == base::ErrorCode::not_found ? VolumeState::gone : VolumeState::broken;
    }
    return VolumeState::free;
}

const char* to_string(VolumeState state) {
    switch (state) {
        case VolumeState::free:
            return "free";
        case VolumeState::in_use:
            return "in use";
        case VolumeState::gone:
            return "device gone";
        case VolumeState::broken:
            return "broken";
    }
    return "";
}

}  // namespace kata::sandbox
