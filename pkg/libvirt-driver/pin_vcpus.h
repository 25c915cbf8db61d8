// Which CPUs of the host each vCPU of a running domain may use. As in domain.h: on an open
// connection and on the calling thread.
#pragma once

#include <string>
#include <vector>

#include <libvirt/libvirt.h>

namespace kata::libvirt_driver {

/// @param cpus one list, not empty, for each vCPU.
/// @throws Error not_found if the domain is gone, or what libvirt says.
void pin_domain_vcpus(virConnectPtr connection,
                      const std::string& uuid,
                      const std::vector<std::vector<unsigned>>& cpus);

}  // namespace kata::libvirt_driver
