// Disks of a domain that runs, each operation on an open connection and on the calling thread
// (Connection::call puts the deadline around it).
#pragma once

#include <cstdint>
#include <string>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error unsupported, with what to configure, if no place is left on the VM's bus;
/// permission_denied if QEMU's user cannot open the source.
void attach_disk(virConnectPtr connection, const std::string& uuid, const sandbox::VmDisk& disk);

/// Returns when libvirt says that the guest has let go of the disk. A disk or VM that does not
/// exist is fine. @throws Error timeout while the guest holds it.
void detach_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 base::Deadline deadline);

/// @throws Error not_found for a disk that the VM does not have.
void resize_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 std::uint64_t bytes);

}  // namespace kata::libvirt_driver
