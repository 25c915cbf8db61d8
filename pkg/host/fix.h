// Carrying out the safe repairs of remedy.h. Nothing is asked here; whoever calls has asked.
#pragma once

#include "pkg/host/remedy.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// @throws base::Error permission_denied, not_found, ... with the kernel's or modprobe's words
void apply(const SafeFix& fix, const Roots& roots);

}  // namespace kata::host
