// Guest files whose hash the sandbox's annotations name: each is hashed while it is copied, and the
// copy is what the VM boots, so that nobody can change it in between. And the variables of a
// firmware, of which each sandbox has a copy because its guest writes into it. QEMU itself is run
// as it is installed: what runs is verified before the guest does.
#pragma once

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

/// Where the copies of a sandbox are: a directory that QEMU's user may search.
[[nodiscard]] std::filesystem::path assets_dir_of(const RuntimeConfig& config,
                                                  const ContainerPlace& place);

/// Lets `config` name verified copies of kernel, initrd, image and firmware, if it has hashes of
/// them, and a copy of the firmware's volume.
/// @param journal gets the directory of the copies before it is made.
/// @throws base::Error invalid_argument naming the annotation, the file and its hash if that is
/// another one.
void use_verified_assets(RuntimeConfig& config,
                         const ContainerPlace& place,
                         Journal& journal,
                         VmBackend& vm);

/// Verifies the program that runs a VM, which nobody can change any more, by the annotations that
/// have its hash, if there are any.
/// @param pid of a VM that is still paused.
/// @throws base::Error as use_verified_assets(); by errno if it cannot be read.
void require_verified_emulator(const RuntimeConfig& config, pid_t pid, VmBackend& vm);

}  // namespace kata::sandbox
