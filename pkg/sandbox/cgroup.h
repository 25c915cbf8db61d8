// HostCgroup: where one container's host processes (shim, QEMU) are accounted, so that engines find
// them under the path they asked for. The container's limits are enforced in the guest.
//
// Works on cgroup v1, v2 and hybrid hosts. The devices hierarchy is never joined: the guest's
// devices are not the host's, and QEMU's own rules there are libvirt's.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/oci/container_id.h"
#include "pkg/sandbox/journal.h"

namespace kata::sandbox {

/// One mounted hierarchy and where in it this process is.
struct CgroupHierarchy {
    std::filesystem::path mount_point;
    std::string own_path;  // "/..." below the mount point
    bool has_cpuset =
        false;  // v1 cpuset: a new directory is useless until cpus and mems are filled in
    bool operator==(const CgroupHierarchy&) const = default;
};

/// @param cgroup text of /proc/self/cgroup. @param mountinfo text of /proc/self/mountinfo.
/// @return hierarchies to join: every mounted v1 one but devices; the v2 one only where it has
/// controllers of its own (no v1 memory controller).
[[nodiscard]] std::vector<CgroupHierarchy> cgroup_hierarchies(const std::string& cgroup,
                                                              const std::string& mountinfo);

/// linux.cgroupsPath as a path: absolute is from the top of a hierarchy, anything else below our
/// own; "slice:prefix:name" is what systemd would make of it; empty is the container's id.
[[nodiscard]] std::string cgroup_path(const std::string& cgroups_path, const oci::ContainerId& id);

class HostCgroup {
  public:
    /// Names the directories; makes nothing.
    HostCgroup(const std::vector<CgroupHierarchy>& hierarchies, const std::string& path);

    /// Of this host and process.
    [[nodiscard]] static HostCgroup for_container(const std::string& cgroups_path,
                                                  const oci::ContainerId& id);

    /// Makes the directories, each journaled if it was not there.
    void create(Journal& journal) const;

    /// Moves a process with all its threads.
    void add(pid_t pid) const;

  private:
    struct Directory {
        CgroupHierarchy hierarchy;
        std::filesystem::path path;
    };
    std::vector<Directory> directories_;
};

/// Removes a cgroup directory and those the container made below it; processes that are just ending
/// are waited for a moment. A missing directory is fine.
void remove_cgroup(const std::filesystem::path& directory);

}  // namespace kata::sandbox
