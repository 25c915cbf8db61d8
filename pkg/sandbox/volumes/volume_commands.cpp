#include "pkg/sandbox/volumes/volume_commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/volumes/filesystem_size.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using Json = nlohmann::ordered_json;

// Disks of machines are made of whole sectors; 4 KiB is the largest size of them.
constexpr std::uint64_t kSector = 4096;

std::string quoted(const std::string& text) {
    return "\"" + base::printable(text) + "\"";
}

std::string bytes(std::uint64_t count) {
    return std::to_string(count) + " bytes";
}

Error cannot_resize(const DirectVolume& volume, const std::string& why) {
    return {ErrorCode::invalid_argument,
            "cannot resize the direct volume " + quoted(volume.path) + ": " + why};
}

std::uint64_t whole_sectors(std::uint64_t size) {
    return (size + kSector - 1) / kSector * kSector;
}

// A file whose blocks are all there goes on having them, so that the guest never meets a full disk
// of the host; one with holes gets another hole.
void grow_file(const VolumeDevice& device, std::uint64_t size) {
    const base::UniqueFd fd = base::open_file(device.path, O_RDWR | O_NOFOLLOW);
    const auto old_end = static_cast<off_t>(device.size);
    const auto new_end = static_cast<off_t>(size);
    if (device.is_allocated) {
        if (::fallocate(fd.get(), 0, old_end, new_end - old_end) == 0) {
            return;
        }
        if (errno != EOPNOTSUPP) {
            const int failure = errno;
            // As much as there was room for may be there already.
            static_cast<void>(::ftruncate(fd.get(), old_end) == 0);
            throw base::errno_error("grow", device.path.native(), failure);
        }
    }
    if (::ftruncate(fd.get(), new_end) != 0) {
        throw base::errno_error("grow", device.path.native(), errno);
    }
}

// A block device is grown by whoever made it, and often to more than was asked for, in whole
// extents: what would shrink is its file system.
std::uint64_t check_block_device(const DirectVolume& volume,
                                 const VolumeDevice& device,
                                 std::uint64_t size) {
    if (size > device.size) {
        throw cannot_resize(volume,
                            "the block device " + quoted(volume.info.device) + " has " +
                                bytes(device.size) + ", not " + bytes(size) +
                                "; grow the device first");
    }
    const std::uint64_t used = filesystem_size(device.path).value_or(0);
    if (size < used) {
        throw cannot_resize(volume,
                            "its file system has " + bytes(used) +
                                ", and volumes are not shrunk to " + bytes(size));
    }
    return device.size;
}

// @return the size that the device has then.
std::uint64_t grow_device(const DirectVolume& volume, std::uint64_t wanted, const HostView& host) {
    if (settings_of(volume.info).kind != VolumeKind::disk) {
        throw Error(ErrorCode::unsupported,
                    "cannot resize the direct volume " + quoted(volume.path) +
                        ": only block devices and files can be; resize it where it is provided");
    }
    if (settings_of(volume.info).read_only) {
        throw cannot_resize(volume,
                            "nobody may write to it, and only what is written to can grow; add it "
                            "again without the option \"ro\"");
    }
    const VolumeDevice device = examine_device(volume.info.device, host);
    if (device.kind == VolumeDevice::Kind::block) {
        return check_block_device(volume, device, wanted);
    }
    const std::uint64_t size = whole_sectors(wanted);
    if (size < device.size) {
        throw cannot_resize(
            volume,
            "it has " + bytes(device.size) + ", and volumes are not shrunk to " + bytes(wanted));
    }
    if (size > device.size) {
        grow_file(device, size);
    }
    return size;
}

Json to_json(const VolumeUsage& usage) {
    Json document = Json::object();
    for (const auto& [name, number] : {std::pair("available", usage.available),
                                       std::pair("total", usage.total),
                                       std::pair("used", usage.used)}) {
        if (number != 0) {
            document[name] = number;
        }
    }
    document["unit"] = static_cast<int>(usage.unit);
    return document;
}

}  // namespace

VolumeStats volume_stats(const DirectVolumeStore& store, const std::string& path, VolumeVm& vm) {
    const DirectVolume volume = store.get(path);
    if (volume.sandboxes.empty()) {
        throw Error(ErrorCode::invalid_state,
                    "no sandbox found for " + quoted(path) +
                        ": the numbers are those of its file system in a running container");
    }
    return vm.stats(volume.sandboxes.front(), volume);
}

void resize_volume(const DirectVolumeStore& store,
                   const std::string& path,
                   std::uint64_t size,
                   VolumeVm& vm) {
    std::uint64_t grown = 0;
    const DirectVolume volume = store.update(path, [&](DirectVolume& present) {
        grown = grow_device(present, size, store.host());
        present.info.pending_size = grown;
    });
    if (!volume.sandboxes.empty()) {
        vm.grow(volume.sandboxes.front(), volume, grown);
        store.update(path, [&](DirectVolume& present) {
            // Another resize may have come meanwhile.
            present.info.pending_size =
                present.info.pending_size == grown ? 0 : present.info.pending_size;
        });
    }
}

std::string volume_stats_json(const VolumeStats& stats) {
    Json document = Json::object();
    for (const VolumeUsage& usage : stats.usage) {
        document["usage"].push_back(to_json(usage));
    }
    Json condition = Json::object();
    if (stats.abnormal) {
        condition["abnormal"] = true;
    }
    if (!stats.message.empty()) {
        condition["message"] = stats.message;
    }
    document["volume_condition"] = condition;
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kata::sandbox
