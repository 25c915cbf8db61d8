// Kernel modules that the configuration of a sandbox names: loaded by the guest's own modprobe,
// which knows their files and dependencies.
#pragma once

#include <string>
#include <vector>

#include "pkg/agent/guest/reaper.h"
#include "pkg/base/deadline.h"

namespace kata::agent::guest {

struct KernelModule {
    std::string name;
    std::vector<std::string> parameters;
};

/// @throws base::Error with modprobe's own words: not_found if the guest has no modprobe.
void load_kernel_module(const KernelModule& module,
                        Reaper& reaper,
                        base::Deadline deadline,
                        const std::string& program = "/sbin/modprobe");

}  // namespace kata::agent::guest
