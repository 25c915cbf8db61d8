#include "pkg/libvirt-driver/plug_host_device.h"

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/detach.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/host_device_xml.h"
#include "pkg/libvirt-driver/libvirt_error.h"
#include "pkg/libvirt-driver/pci_places.h"
#include "pkg/libvirt-driver/xml_build.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

std::string failed(const char* verb, const std::string& device, const std::string& uuid) {
    return fmt::format("cannot {} device {} of VM with UUID {}",
                       verb,
                       base::printable(device, 64),
                       base::printable(uuid));
}

}  // namespace

void attach_host_device(virConnectPtr connection,
                        const std::string& uuid,
                        const sandbox::VmHostDevice& device) {
    const std::string operation = failed("plug", device.address, uuid);
    const DomainHandle domain = require_domain(connection, uuid, operation);
    const std::string xml = build_host_device_xml(device, live_xml(domain.get()));
    if (virDomainAttachDeviceFlags(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw last_error(operation);
    }
}

void detach_host_device(virConnectPtr connection,
                        const std::string& uuid,
                        const std::string& name,
                        base::Deadline deadline) {
    const auto element_of = [&](const std::string& xml) {
        const pugi::xml_document domain = parse_domain(xml);
        const pugi::xml_node device = find_by_alias(devices_of(domain), alias_of(name));
        return device ? text_of(device) : "";
    };
    detach_device(connection, uuid, failed("unplug", name, uuid), element_of, deadline);
}

std::vector<std::string> live_pci_paths(virConnectPtr connection,
                                        const std::string& uuid,
                                        const std::vector<std::string>& names) {
    const std::string operation = failed("find", names.empty() ? "" : names.front(), uuid);
    const pugi::xml_document document =
        parse_domain(live_xml(require_domain(connection, uuid, operation).get()));
    const pugi::xml_node devices = devices_of(document);
    std::vector<std::string> paths;
    for (const std::string& name : names) {
        const pugi::xml_node device = find_by_alias(devices, alias_of(name));
        if (!device) {
            throw base::Error(base::ErrorCode::not_found,
                              failed("find", name, uuid),
                              "the VM has no such device");
        }
        paths.push_back(pci_path_of(devices, device));
    }
    return paths;
}

}  // namespace kata::libvirt_driver
