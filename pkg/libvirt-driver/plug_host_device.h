// The host's devices in a domain that runs, each operation on an open connection and on the calling
// thread (Connection::call puts the deadline around it).
#pragma once

#include <string>
#include <vector>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error unsupported, with what to configure, if no port of the wanted kind is free.
void attach_host_device(virConnectPtr connection,
                        const std::string& uuid,
                        const sandbox::VmHostDevice& device);

/// As detach_device() (detach.h).
void detach_host_device(virConnectPtr connection,
                        const std::string& uuid,
                        const std::string& name,
                        base::Deadline deadline);

/// As Hypervisor::pci_paths.
[[nodiscard]] std::vector<std::string> live_pci_paths(virConnectPtr connection,
                                                      const std::string& uuid,
                                                      const std::vector<std::string>& names);

}  // namespace kata::libvirt_driver
