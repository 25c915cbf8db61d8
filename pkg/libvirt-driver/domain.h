// The few operations on a libvirt domain that a sandbox needs, each on an open connection and on
// the calling thread. No deadline here: Connection::call puts one around them. "Gone" means: no
// running domain has that UUID.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <libvirt/libvirt.h>

#include "pkg/base/deadline.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// Starts a transient domain. @param flags of virDomainCreateXML.
/// @throws Error already_exists if `name` or `uuid` is taken, or what libvirt says.
[[nodiscard]] DomainHandle create_domain(virConnectPtr connection,
                                         const sandbox::VmConfig& config,
                                         const std::string& xml,
                                         unsigned flags);

/// The domain of a UUID. @param operation begins the message, "cannot ... of VM with UUID ...".
/// @throws Error not_found, or what libvirt says.
[[nodiscard]] DomainHandle require_domain(virConnectPtr connection,
                                          const std::string& uuid,
                                          const std::string& operation);

/// @throws Error not_found, invalid_state if it already runs.
void resume_domain(virConnectPtr connection, const std::string& uuid);

/// Ends the domain (also one whose start is still under way, or that an administrator has made
/// persistent) and returns when it is gone. A domain that does not exist is fine.
/// @throws Error with libvirt's last words when it is still there at `deadline`.
void destroy_domain(virConnectPtr connection, const std::string& uuid, base::Deadline deadline);

/// stopped for a domain that does not exist.
[[nodiscard]] sandbox::VmState domain_state(virConnectPtr connection, const std::string& uuid);

/// The meaning of a value of virDomainState for a sandbox.
[[nodiscard]] sandbox::VmState vm_state_of(int libvirt_state);

/// The XML of a running domain, with what libvirt has added.
[[nodiscard]] std::string live_xml(virDomainPtr domain);

}  // namespace kata::libvirt_driver
