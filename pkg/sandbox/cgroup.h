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

#include "pkg/base/unique_fd.h"
#include "pkg/oci/container_id.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/cgroup_directory.h"
#include "pkg/sandbox/journal.h"

namespace kata::sandbox {

/// @param cgroup text of /proc/self/cgroup. @param mountinfo text of /proc/self/mountinfo.
/// @return hierarchies to join: every mounted v1 one but devices; the v2 one only where it has
/// controllers of its own (no v1 memory controller).
[[nodiscard]] std::vector<CgroupHierarchy> cgroup_hierarchies(const std::string& cgroup,
                                                              const std::string& mountinfo);

/// linux.cgroupsPath as a path: absolute is from the top of a hierarchy, anything else below our
/// own; "slice:prefix:name" is what systemd would make of it; empty is the container's id.
[[nodiscard]] std::string cgroup_path(const std::string& cgroups_path, const oci::ContainerId& id);

/// Where one cgroup for a whole sandbox is (sandbox_cgroup_only): beside that of its containers.
[[nodiscard]] std::string sandbox_cgroup_path(const std::string& cgroups_path,
                                              const oci::ContainerId& id,
                                              const std::string& sandbox_id);

/// The directories that libvirt made for the VM of a process which it has started and nobody has
/// moved yet. libvirt removes them with the VM, but not those of a VM that it found running when it
/// was started itself. None where systemd makes them: it removes what is empty.
/// @param cgroup text of /proc/<pid>/cgroup. @param mountinfo text of /proc/self/mountinfo.
[[nodiscard]] std::vector<std::filesystem::path> libvirt_cgroups(const std::string& cgroup,
                                                                 const std::string& mountinfo);

/// Journals those of a process.
void note_libvirt_cgroups(pid_t pid, Journal& journal);

class HostCgroup {
  public:
    /// Names the directories; makes nothing. @param path below each hierarchy's top, or if it is
    /// relative below where this process is there; empty: that itself.
    HostCgroup(const std::vector<CgroupHierarchy>& hierarchies, const std::string& path);

    /// On this host; a relative path is below the cgroup of this process.
    [[nodiscard]] static HostCgroup at(const std::string& path);

    /// Where a process is now, a kata-shim for example.
    [[nodiscard]] static HostCgroup of_process(pid_t pid);

    /// Journals the container's own directories before somebody else makes them: systemd, for a
    /// scope. Before create(), which goes on from what is there.
    void record(Journal& journal) const;

    /// Makes the directories and journals them: the container's own in `journal`, also if it was
    /// there, as runc removes it; those above it that are this runtime's in `parents`, because
    /// others may come to use them.
    void create(Journal& journal, Journal& parents) const;

    /// Sets CPU shares and the lists of CPUs and memory nodes. Those are the limits that mean
    /// something for a VM as a whole; the others are the guest's.
    /// @throws base::Error naming the file that refuses a value.
    void limit(const oci::CpuResources& cpu) const;

    /// Moves a process with all its threads.
    void add(pid_t pid) const;

    /// Moves a process and its children, also one that is just being made.
    void add_with_children(pid_t pid) const;

    /// The directory in which memory is accounted, opened; invalid if the host accounts none, or in
    /// the top of the hierarchy.
    [[nodiscard]] base::UniqueFd open_memory() const;

  private:
    struct Directory {
        CgroupHierarchy hierarchy;
        std::filesystem::path path;
    };
    std::vector<Directory> directories_;
};

}  // namespace kata::sandbox
