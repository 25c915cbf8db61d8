// Taking a device out of a domain that runs: the guest has to let go of it, and may be booting or
// busy. On an open connection and on the calling thread (Connection::call puts the deadline around
// it).
#pragma once

#include <functional>
#include <string>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"

namespace kata::libvirt_driver {

/// The XML of the device among that of the domain; empty: it has none (any more).
using FindElement = std::function<std::string(const std::string& live_xml)>;

/// Returns when libvirt says that the guest has let go of the device. A device or VM that does not
/// exist is fine. @param operation for messages. @throws Error timeout while the guest holds it.
void detach_device(virConnectPtr connection,
                   const std::string& uuid,
                   const std::string& operation,
                   const FindElement& find,
                   base::Deadline deadline);

}  // namespace kata::libvirt_driver
