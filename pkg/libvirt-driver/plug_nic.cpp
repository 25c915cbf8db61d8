#include "pkg/libvirt-driver/plug_nic.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/libvirt_error.h"
#include "pkg/libvirt-driver/nic_xml.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::chrono::milliseconds kPollInterval{10};

std::string failed(const char* verb, const std::string& mac, const std::string& uuid) {
    return fmt::format("cannot {} interface {} of VM with UUID {}",
                       verb,
                       base::printable(mac, 64),
                       base::printable(uuid));
}

bool has_nic(virDomainPtr domain, const std::string& mac) {
    const auto macs = nic_macs(live_xml(domain));
    return std::find(macs.begin(), macs.end(), mac) != macs.end();
}

// libvirt has one number for much that it does not like in a device's description.
Error plug_error(const std::string& operation) {
    Error error = last_error(operation);
    if (std::string_view(error.what()).find("PCI slots") == std::string_view::npos) {
        return error;
    }
    return {ErrorCode::unsupported,
            operation,
            "no place for it is left on the VM's bus; set pcie_root_port in configuration.toml to "
            "the number of interfaces that may come while a container runs"};
}

}  // namespace

void attach_nic(virConnectPtr connection, const std::string& uuid, const sandbox::VmNic& nic) {
    const std::string operation = failed("plug", nic.mac, uuid);
    const DomainHandle domain = require_domain(connection, uuid, operation);
    const std::string xml = build_nic_xml(nic);
    if (virDomainAttachDeviceFlags(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw plug_error(operation);
    }
}

void detach_nic(virConnectPtr connection,
                const std::string& uuid,
                const std::string& mac,
                base::Deadline deadline) {
    const std::string operation = failed("unplug", mac, uuid);
    const DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr) {
        if (last_error_number() == VIR_ERR_NO_DOMAIN) {
            return;
        }
        throw last_error(operation);
    }
    if (!has_nic(domain.get(), mac)) {
        return;
    }
    const std::string xml = build_nic_removal_xml(mac);
    if (virDomainDetachDeviceFlags(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw last_error(operation);
    }
    while (has_nic(domain.get(), mac)) {
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout, operation, "the guest does not let go of it");
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

}  // namespace kata::libvirt_driver
