// Journal: the list of changes made to the host for one sandbox, each written down before it is
// made, so that whoever comes after a crash can undo exactly those and nothing else.
//
// One JSON object a line, appended and synced. A last line that a crash cut short is ignored: its
// effect was not made. The journal does not undo; that is undo.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/unique_fd.h"

namespace kata::sandbox {

struct Effect {
    enum class Kind {
        vm,             // object: the VM's uuid
        mount,          // object: the mount point
        directory,      // object: a directory made by us, removed with what it contains
        cgroup,         // object: a cgroup directory made by us
        traffic,        // object: a redirection at an engine's interface (network/connection.h)
        macvtap,        // object: the name of a macvtap in libvirt's network namespace
        vm_cgroup,      // object: a cgroup directory that libvirt made for the VM; undone last
        cgroup_parent,  // object: the same as cgroup, but others may use it: removed only if empty
        disk,           // object: a disk of the VM and the way QEMU opens it (disk_access.h)
        vfio,           // object: hardware of the host that the VM has (sandbox_vfio.h)
        rootfs,         // object: a root on a block device, unmounted for the VM (lent_rootfs.h)
        server,         // object: pid and start time of a server of ours for the share
        scope,          // object: the name of a scope of systemd; undone after its cgroups
    };
    Kind kind{};
    std::string object;
    std::string
        container_id;  // whose deletion undoes it; empty: the sandbox's, undone with its last one

    bool operator==(const Effect&) const = default;
};

class Journal {
  public:
    /// Opens or creates the journal. @param container_id stands in every effect recorded through
    /// this.
    Journal(const std::filesystem::path& path, std::string container_id);

    /// On disk when this returns.
    void record(Effect::Kind kind, const std::string& object);

    /// Everything recorded, in order. A missing journal is empty; a last line without an end is an
    /// effect that was not made.
    /// @param log gets a warning for each line that is not an effect: the others are still to be
    /// undone, and a container must not become impossible to delete.
    [[nodiscard]] static std::vector<Effect> load(const std::filesystem::path& path,
                                                  base::Log& log);

    /// Replaces the journal by `effects` (those that remain after a container of a pod has been
    /// undone).
    static void rewrite(const std::filesystem::path& path, const std::vector<Effect>& effects);

  private:
    std::filesystem::path path_;
    std::string container_id_;
    base::UniqueFd fd_;
};

}  // namespace kata::sandbox
