#include "pkg/sandbox/mount_plan.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/kernel_mounts.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {
namespace {

using base::quoted;

constexpr std::uint64_t kDefaultShmBytes = std::uint64_t{64} << 20;

bool has_option(const oci::Mount& mount, const char* option) {
    return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

bool is_bind(const oci::Mount& mount) {
    return mount.type == "bind" || has_option(mount, "bind") || has_option(mount, "rbind");
}

std::uint64_t size_of_file_system(const std::filesystem::path& path) {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0 || status.f_blocks == 0) {
        return kDefaultShmBytes;
    }
    return static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
}

std::filesystem::path resolved_source(const oci::Mount& mount,
                                      const std::filesystem::path& bundle) {
    std::error_code failure;
    auto source = std::filesystem::canonical(bundle / mount.source, failure);
    if (failure) {
        throw base::errno_error("mount", mount.source, failure.value())
            .with_context("mount \"" + mount.destination + "\"");
    }
    return source;
}

bool is_private(const oci::Mount& mount) {
    return has_option(mount, "private") || has_option(mount, "rprivate");
}

// Containers of a pod that mount the same directory of the host there share their memory.
std::string shared_memory_key(const struct stat& status) {
    return std::to_string(status.st_dev) + "-" + std::to_string(status.st_ino);
}

std::string warning_of_source(const oci::Mount& mount, const struct stat& status) {
    if (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)) {
        return "mount " + quoted(mount.destination) + ": " + quoted(mount.source) +
               " is a socket or FIFO and connects nobody across the VM's border";
    }
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
        return "mount " + quoted(mount.destination) + ": " + quoted(mount.source) +
               " is a device; in the VM its numbers mean the VM's devices";
    }
    return "";
}

bool is_shared_memory(const std::string& destination) {
    const auto normal = (std::filesystem::path("/") / destination / ".").lexically_normal();
    return normal == "/dev/shm/";
}

PlannedMount::Kind kind_of(const oci::Mount& mount,
                           const std::filesystem::path& source,
                           const struct stat& status) {
    if (is_shared_memory(mount.destination) && S_ISDIR(status.st_mode)) {
        return PlannedMount::Kind::shared_memory;
    }
    switch (owner_of_source(source, status.st_mode, status.st_rdev)) {
        case SourceOwner::guest:
            return PlannedMount::Kind::guest_bind;
        case SourceOwner::nobody:
            return PlannedMount::Kind::left_out;
        case SourceOwner::host:
            break;
    }
    return PlannedMount::Kind::shared;
}

std::string warning_of(const PlannedMount& planned,
                       const oci::Mount& mount,
                       const struct stat& status) {
    if (planned.kind == PlannedMount::Kind::shared) {
        return warning_of_source(mount, status);
    }
    // The guest has cgroups of its own there, so nobody misses them.
    if (planned.kind == PlannedMount::Kind::left_out &&
        !is_below(mount.destination, "/sys/fs/cgroup")) {
        return "mount " + quoted(mount.destination) + ": " + quoted(mount.source) +
               " belongs to the host's hardware or cgroups, which the VM does not have: it is "
               "left out";
    }
    return "";
}

bool plan_memory(PlannedMount& planned, const struct stat& status) {
    auto volume = memory_volume_of(planned.source.path, status, mount_table());
    if (!volume) {
        return false;
    }
    planned.memory = *std::move(volume);
    return true;
}

PlannedMount plan_bind(const oci::Mount& mount,
                       const oci::Bundle& bundle,
                       const std::string& container_id,
                       std::size_t index,
                       std::vector<std::string>& warnings) {
    PlannedMount planned;
    planned.index = index;
    planned.read_only = is_read_only(mount);
    planned.source = {.path = resolved_source(mount, bundle.path),
                      .recursive = has_option(mount, "rbind"),
                      .read_only = planned.read_only,
                      .recursively_read_only = has_option(mount, "rro"),
                      .follows_host = !is_private(mount)};
    require_allowed_in_proc(mount, planned.source.path);
    struct stat status {};
    if (::stat(planned.source.path.c_str(), &status) != 0) {
        throw base::errno_error("mount", mount.source, errno);
    }
    planned.kind = kind_of(mount, planned.source.path, status);
    planned.source_is_file = !S_ISDIR(status.st_mode);
    planned.memory_key = shared_memory_key(status);
    if (planned.kind == PlannedMount::Kind::shared_memory) {
        planned.size_bytes = size_of_file_system(planned.source.path);
    } else if (is_empty_dir(planned.source.path) && plan_memory(planned, status)) {
        planned.kind = PlannedMount::Kind::pod_memory;
    } else if (planned.kind == PlannedMount::Kind::shared) {
        planned.share_path = container_id + "/volumes/" + std::to_string(index);
    }
    if (auto warning = warning_of(planned, mount, status); !warning.empty()) {
        warnings.push_back(std::move(warning));
    }
    return planned;
}

// /proc, tmpfs and binds are what an engine's copy can meet; sysfs, devpts, mqueue and cgroup are
// not.
bool shim_mounts_it(const oci::Mount& mount) {
    return mount.type == "proc" || mount.type == "tmpfs";
}

}  // namespace

bool is_read_only(const oci::Mount& mount) {
    bool read_only = false;
    for (const std::string& option : mount.options) {
        if (option == "ro" || option == "rro") {
            read_only = true;
        } else if (option == "rw") {
            read_only = false;
        }
    }
    return read_only;
}

MountPlan plan_mounts(const oci::Bundle& bundle,
                      const std::string& container_id,
                      const std::map<std::size_t, DiskMount>& disks) {
    MountPlan plan;
    const auto& mounts = bundle.spec.mounts;
    for (std::size_t index = 0; index < mounts.size(); ++index) {
        const auto disk = disks.find(index);
        if (disk == disks.end() && is_bind(mounts[index])) {
            plan.mounts.push_back(
                plan_bind(mounts[index], bundle, container_id, index, plan.warnings));
            continue;
        }
        PlannedMount planned;
        planned.index = index;
        planned.read_only = is_read_only(mounts[index]);
        if (disk != disks.end()) {
            planned.kind = PlannedMount::Kind::disk;
            planned.disk = disk->second;
        }
        plan.mounts.push_back(std::move(planned));
    }
    return plan;
}

ShimMountRequest shim_mounts(const oci::Bundle& bundle, const MountPlan& plan) {
    ShimMountRequest request;
    request.rootfs = bundle.rootfs.native();
    request.read_only_root = oci::has_read_only_root(bundle);
    for (const PlannedMount& planned : plan.mounts) {
        const oci::Mount& mount = bundle.spec.mounts[planned.index];
        if (planned.kind == PlannedMount::Kind::shared) {
            request.mounts.push_back(
                {planned.source.path.native(), mount.destination, "bind", planned.read_only});
        } else if (planned.kind == PlannedMount::Kind::guest && shim_mounts_it(mount)) {
            request.mounts.push_back({"", mount.destination, mount.type, planned.read_only});
        }
    }
    return request;
}

std::vector<MountPoint> missing_mount_points(const oci::Spec& spec, const MountPlan& plan) {
    std::vector<MountPoint> points;
    for (const PlannedMount& planned : plan.mounts) {
        if (planned.kind == PlannedMount::Kind::left_out) {
            continue;
        }
        const std::filesystem::path destination = spec.mounts[planned.index].destination;
        const bool inside_another =
            std::any_of(points.begin(), points.end(), [&](const MountPoint& other) {
                return is_below(destination, other.destination);
            });
        if (!inside_another) {
            points.push_back({destination.native(), planned.source_is_file});
        }
    }
    return points;
}

}  // namespace kata::sandbox
