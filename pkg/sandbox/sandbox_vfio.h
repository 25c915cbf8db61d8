// SandboxVfio: the hardware of the host that a container asks for becomes its sandbox's VM's, or is
// there already because another container of the pod uses it. QEMU, which is not root, is let open
// the group's node by an entry in its access list. All of a group is one effect of the journal.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/sandbox/sandbox_disks.h"
#include "pkg/sandbox/vfio_plan.h"

namespace kata::sandbox {

/// What the journal keeps of a group: everything that undoing it needs.
struct VfioEffect {
    std::string vm_uuid;
    std::string name;  // of the group, "vfio-12"
    std::filesystem::path node;
    std::optional<uid_t> listed_user;   // has an entry in the access list of the node
    std::vector<std::string> devices;   // their names
    std::vector<std::string> claims{};  // paths; of direct volumes on them
    bool operator==(const VfioEffect&) const = default;
};

[[nodiscard]] std::string to_text(const VfioEffect& effect);
/// @throws base::Error internal.
[[nodiscard]] VfioEffect parse_vfio_effect(const std::string& text);

/// Takes the entry in the access list and the claims back. What does not exist is fine.
void take_group(const VfioEffect& effect);

class SandboxVfio {
  public:
    SandboxVfio(DiskContext context, const VfioPlan& plan)
        : context_(std::move(context)), plan_(plan) {}

    /// Lets QEMU open the groups. @return the devices that the VM has not yet.
    [[nodiscard]] std::vector<VmHostDevice> provide(const std::string& vm_uuid);

    /// The same for a VM that runs: they are plugged.
    void plug(const std::string& vm_uuid);

  private:
    void give(const PlannedGroup& group, const std::string& vm_uuid, const VmUser& user);

    DiskContext context_;
    const VfioPlan& plan_;
};

/// Tells the guest where on its buses it finds what has no name of ours there: only the VM knows.
void locate_in_guest(DiskPlan& plan,
                     VmBackend& vm,
                     const ContainerPlace& place,
                     base::Deadline deadline);

}  // namespace kata::sandbox
