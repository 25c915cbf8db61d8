// Disks of a container in the protocol's words.
#pragma once

#include "agent.pb.h"

#include "pkg/sandbox/guest_volumes.h"

namespace kata::agent {

/// "blk" or "scsi".
[[nodiscard]] const char* driver_word(sandbox::DiskDriver driver);

void add_disks(v1::CreateContainerRequest& request, const sandbox::GuestDisks& disks);

}  // namespace kata::agent
