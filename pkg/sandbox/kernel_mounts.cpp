#include "pkg/sandbox/kernel_mounts.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "pkg/base/error.h"
#include "pkg/sandbox/devices.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;

// Reports that lxcfs and its like replace by those of the container; runc's list.
constexpr std::array<const char*, 9> kReports{"/proc/cpuinfo",
                                              "/proc/diskstats",
                                              "/proc/meminfo",
                                              "/proc/stat",
                                              "/proc/swaps",
                                              "/proc/uptime",
                                              "/proc/loadavg",
                                              "/proc/slabinfo",
                                              "/proc/net/dev"};

bool is_guest_node(mode_t mode, dev_t device) {
    return exists_in_guest(S_ISBLK(mode) ? "b" : "c", major(device), minor(device));
}

SourceOwner owner_in_dev(const fs::path& source, mode_t mode, dev_t device) {
    if (source == "/dev" || source == "/dev/pts") {
        return SourceOwner::guest;
    }
    if (S_ISCHR(mode) || S_ISBLK(mode)) {
        return is_guest_node(mode, device) ? SourceOwner::guest : SourceOwner::nobody;
    }
    // Files in shared memory are files; other directories hold nodes of the host's hardware.
    return S_ISDIR(mode) && !is_below(source, "/dev/shm") ? SourceOwner::nobody : SourceOwner::host;
}

}  // namespace

bool is_below(const fs::path& path, const fs::path& directory) {
    const auto [end, unused] =
        std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
    return end == directory.end();
}

SourceOwner owner_of_source(const fs::path& source, mode_t mode, dev_t device) {
    if (is_below(source, "/dev")) {
        return owner_in_dev(source, mode, device);
    }
    if (is_below(source, "/sys/fs/cgroup")) {
        return source == "/sys/fs/cgroup" ? SourceOwner::guest : SourceOwner::nobody;
    }
    if (is_below(source, "/proc") || is_below(source, "/sys")) {
        return SourceOwner::guest;
    }
    return SourceOwner::host;
}

void require_allowed_in_proc(const oci::Mount& mount, const fs::path& source) {
    const fs::path destination = (fs::path("/") / mount.destination).lexically_normal();
    const auto shown = "\"" + base::printable(mount.destination, 256) + "\"";
    if (destination == "/proc" || destination == "/proc/") {
        if (source != "/proc") {
            throw base::Error(base::ErrorCode::unsupported,
                              shown + " cannot be mounted because it is not of type proc");
        }
        return;
    }
    if (is_below(destination, "/proc") &&
        std::none_of(kReports.begin(), kReports.end(), [&](const char* report) {
            return destination == report;
        })) {
        throw base::Error(base::ErrorCode::unsupported,
                          shown + " cannot be mounted because it is inside /proc");
    }
}

}  // namespace kata::sandbox
