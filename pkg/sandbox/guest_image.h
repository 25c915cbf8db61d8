// The image of a guest that does not live in its initrd: what its file is, and how the guest finds
// it.
#pragma once

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::sandbox {

/// config.image as a device of a VM. The root is the file itself, or its first partition if it has
/// a table of them.
/// @throws base::Error naming the file: it cannot be read, is none, or cannot be mapped because of
/// its size.
[[nodiscard]] VmImage describe_image(const RuntimeConfig& config);

/// The file that is the initrd of a VM: config.initrd, or with an image the loader that looks for
/// it.
[[nodiscard]] const std::filesystem::path& booted_initrd(const RuntimeConfig& config);

}  // namespace kata::sandbox
