// probe_host: all facts of a machine at once. It changes nothing on the host and loads nothing;
// whatever cannot be read stays as its default in facts.h.
#pragma once

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// On the running system it also opens /dev/kvm and, as root, makes and drops an empty VM there,
/// and asks QEMU its version. What libvirt answers is left empty.
[[nodiscard]] Host probe_host(const Roots& roots, const Wanted& wanted);

}  // namespace kata::host
