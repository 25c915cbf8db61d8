#include "pkg/sandbox/guest_swap.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kWholePercent = 100;

std::filesystem::path directory_of(const RuntimeConfig& config, const ContainerPlace& place) {
    const auto& parent = config.guest_swap_dir.empty() ? config.assets_dir : config.guest_swap_dir;
    return parent / ("swap-" + place.sandbox_id);
}

}  // namespace

std::uint64_t guest_swap_bytes(const RuntimeConfig& config, std::uint64_t memory_mib) {
    const std::uint64_t mib = memory_mib * config.guest_swap_percent / kWholePercent;
    return std::max<std::uint64_t>(mib, 1) * kMebibyte;
}

PlannedDisk make_guest_swap(const RuntimeConfig& config,
                            const ContainerPlace& place,
                            std::uint64_t memory_mib,
                            const VmUser& user,
                            Journal& journal) {
    if (config.disable_block_device_use) {
        throw Error(ErrorCode::unsupported,
                    "enable_guest_swap needs a disk, and disable_block_device_use allows none");
    }
    const auto directory = directory_of(config, place);
    journal.record(Effect::Kind::directory, directory.native());
    base::make_directories(directory);
    const auto path = directory / "swap";
    const base::UniqueFd file = base::open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    const auto bytes = static_cast<off_t>(guest_swap_bytes(config, memory_mib));
    if (::ftruncate(file.get(), bytes) != 0) {
        throw base::errno_error("set the size of", path.native(), errno);
    }
    if (::fchown(file.get(), user.uid, user.gid) != 0) {
        throw base::errno_error("give to QEMU's user", path.native(), errno);
    }
    PlannedDisk disk;
    disk.source = disk_source(path);
    disk.serial = kSwapSerial;
    return disk;
}

GuestStorage guest_swap_storage(const RuntimeConfig& config) {
    GuestStorage storage;
    storage.source = kSwapSerial;
    storage.fs_type = "swap";
    storage.driver = config.block_device_driver;
    return storage;
}

}  // namespace kata::sandbox
