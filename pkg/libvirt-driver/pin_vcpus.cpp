#include "pkg/libvirt-driver/pin_vcpus.h"

#include <algorithm>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

// A bit for each CPU, as VIR_USE_CPU sets it.
std::vector<unsigned char> cpu_map(const std::vector<unsigned>& cpus) {
    constexpr unsigned kBits = 8;
    std::vector<unsigned char> map(*std::ranges::max_element(cpus) / kBits + 1);
    for (const unsigned cpu : cpus) {
        map[cpu / kBits] = static_cast<unsigned char>(map[cpu / kBits] | 1U << cpu % kBits);
    }
    return map;
}

}  // namespace

void pin_domain_vcpus(virConnectPtr connection,
                      const std::string& uuid,
                      const std::vector<std::vector<unsigned>>& cpus) {
    const std::string operation =
        fmt::format("cannot pin the vCPUs of VM with UUID {}", base::printable(uuid));
    const DomainHandle domain = require_domain(connection, uuid, operation);
    for (unsigned vcpu = 0; vcpu < cpus.size(); ++vcpu) {
        std::vector<unsigned char> map = cpu_map(cpus[vcpu]);
        if (virDomainPinVcpu(domain.get(), vcpu, map.data(), static_cast<int>(map.size())) < 0) {
            throw last_error(operation);
        }
    }
}

}  // namespace kata::libvirt_driver
