#include "pkg/sandbox/mount_plan.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

constexpr std::uint64_t kDefaultShmBytes = std::uint64_t{64} << 20;

bool has_option(const oci::Mount& mount, const char* option) {
    return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

bool is_bind(const oci::Mount& mount) {
    return mount.type == "bind" || has_option(mount, "bind") || has_option(mount, "rbind");
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& directory) {
    const auto [end, unused] =
        std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
    return end == directory.end();
}

bool is_of_the_kernel(const std::filesystem::path& source) {
    constexpr std::array<const char*, 3> kOwned{"/proc", "/sys", "/dev"};
    return std::any_of(kOwned.begin(), kOwned.end(), [&](const char* directory) {
        return is_below(source, directory);
    });
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
                      .recursively_read_only = has_option(mount, "rro")};
    if (std::filesystem::path(mount.destination).lexically_normal() == "/dev/shm") {
        planned.kind = PlannedMount::Kind::shared_memory;
        planned.size_bytes = size_of_file_system(planned.source.path);
        return planned;
    }
    if (is_of_the_kernel(planned.source.path)) {
        planned.kind = PlannedMount::Kind::guest_bind;
        return planned;
    }
    planned.kind = PlannedMount::Kind::shared;
    planned.share_path = container_id + "/volumes/" + std::to_string(index);
    struct stat status {};
    if (::stat(planned.source.path.c_str(), &status) != 0) {
        throw base::errno_error("mount", mount.source, errno);
    }
    planned.source_is_file = !S_ISDIR(status.st_mode);
    if (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)) {
        warnings.push_back("mount \"" + mount.destination + "\": \"" + mount.source +
                           "\" is a socket or FIFO and connects nobody across the VM's border");
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

MountPlan plan_mounts(const oci::Bundle& bundle, const std::string& container_id) {
    MountPlan plan;
    const auto& mounts = bundle.spec.mounts;
    for (std::size_t index = 0; index < mounts.size(); ++index) {
        if (is_bind(mounts[index])) {
            plan.mounts.push_back(
                plan_bind(mounts[index], bundle, container_id, index, plan.warnings));
        } else {
            PlannedMount planned;
            planned.index = index;
            planned.read_only = is_read_only(mounts[index]);
            plan.mounts.push_back(planned);
        }
    }
    return plan;
}

ShimMountRequest shim_mounts(const oci::Bundle& bundle, const MountPlan& plan) {
    ShimMountRequest request;
    request.rootfs = bundle.rootfs.native();
    request.read_only_root = bundle.spec.root && bundle.spec.root->readonly;
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
