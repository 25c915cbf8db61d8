// Which sandbox uses a disk: no two of them may, unless both only read it. Found in the sandboxes'
// journals, where every disk stands before a VM gets it. The host's own use, which the kernel knows
// of, is volume_device.h's business.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/log.h"
#include "pkg/sandbox/disk_access.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

/// @param wanted stands in the journal of its own sandbox already: of two that want a disk at once,
/// at least one sees the other. @param source for messages.
/// @param sandbox_dir of that sandbox, beside those of all others.
/// @throws base::Error invalid_state naming the sandbox that has the same disk, its partition, its
/// file behind a loop device or the other way round.
void require_unused_by_sandboxes(const DiskEffect& wanted,
                                 const std::filesystem::path& source,
                                 const std::filesystem::path& sandbox_dir,
                                 base::Log& log,
                                 const HostView& host = {});

}  // namespace kata::sandbox
