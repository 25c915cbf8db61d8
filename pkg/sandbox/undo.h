// Undoing what a journal lists. Needs no living VM, no bundle, and no libvirtd: if that does not
// answer, the QEMU that carries our UUID is killed directly, and a tombstone
// makes the next command look again. Nothing that is not in the journal is
// touched.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/log.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/tombstones.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

struct UndoContext {
    VmBackend& vm;
    base::Log& log;
    const Tombstones& tombstones;
    base::Deadline deadline;
    bool vm_confirmed = true;  // false: its creation may still be under way inside libvirt
    bool vm_goes_on = false;   // the effects are those of one container of several
};

/// Undoes `effects` from the last to the first. Each is tried even if another failed, and doing it
/// twice is harmless. @throws base::Error the first failure, after all have been tried.
void undo_effects(const std::vector<Effect>& effects, const UndoContext& context);

/// The pids of processes with `-uuid <uuid>` among their arguments, which is how QEMU carries its
/// own.
[[nodiscard]] std::vector<pid_t> find_qemu(const std::string& uuid);

}  // namespace kata::sandbox
