// The two keys that are lists of words for QEMU's command line: cpu_features and
// machine_accelerators.
#pragma once

#include <string>

#include "pkg/sandbox/vm_machine.h"

namespace kata::sandbox {

/// "name", "+name" and "name=on" switch a feature on, "-name" and "name=off" off; pmu is a part of
/// the board here. @throws base::Error invalid_argument for anything else.
void add_cpu_features(VmMachine& machine, const std::string& words);

/// "name" and "name=on", "name=off". @throws base::Error invalid_argument for a name that libvirt
/// has no setting for, or a value that it has not.
void add_machine_accelerators(VmMachine& machine, const std::string& words);

}  // namespace kata::sandbox
