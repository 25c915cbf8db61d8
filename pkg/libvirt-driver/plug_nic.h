// Network interfaces that come and go while a domain runs. As in domain.h: each on an open
// connection and on the calling thread, without a deadline of its own unless it is given one.
#pragma once

#include <string>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error not_found if the domain is gone, unsupported if it has no free place on its bus.
void attach_nic(virConnectPtr connection, const std::string& uuid, const sandbox::VmNic& nic);

/// Returns when the guest has let go of the device. No such domain, or no such device, is fine.
/// @throws Error timeout if the guest keeps it.
void detach_nic(virConnectPtr connection,
                const std::string& uuid,
                const std::string& mac,
                base::Deadline deadline);

}  // namespace kata::libvirt_driver
