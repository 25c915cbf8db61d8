// Kernel modules: whether one is loaded, built into the kernel, or can be loaded. Nothing is ever
// loaded here.
#pragma once

#include <map>
#include <string>

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// The modules that a sandbox's VM and its network can use.
/// @param kernel release, whose modules are below /usr/lib/modules or /lib/modules
[[nodiscard]] std::map<std::string, Module> probe_modules(const Roots& roots,
                                                          const std::string& kernel);

}  // namespace kata::host
