// From the initrd to the root file system on the image. Only main() calls this, as pid 1.
#pragma once

#include "pkg/agent/loader/root_parameters.h"

namespace kata::agent::loader {

/// Mounts the root, read-only, as soon as its device is there. @throws base::Error naming the
/// device; timeout if it does not come.
void mount_new_root(const RootParameters& root);

/// Gives back the memory of everything in the initrd, makes the mounted root "/" and becomes its
/// /init. @param arguments of this program, which the kernel has from its command line.
/// @throws base::Error if that fails; it returns in no other way.
[[noreturn]] void enter_new_root(char** arguments);

}  // namespace kata::agent::loader
