#include "pkg/libvirt-driver/host_device_xml.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/xml_build.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::PciPort;
using sandbox::VmHostDevice;

/// In a pattern "x" is a lower-case hexadecimal digit; every other character is itself.
bool matches(std::string_view text, std::string_view pattern) {
    const auto fits = [](char wanted, char found) {
        const auto byte = static_cast<unsigned char>(found);
        return wanted == 'x' ? std::isxdigit(byte) != 0 && std::isupper(byte) == 0
                             : wanted == found;
    };
    return std::equal(pattern.begin(), pattern.end(), text.begin(), text.end(), fits);
}

void add_pci_source(pugi::xml_node source, const std::string& address) {
    // 0000:45:00.1
    add(source,
        "address",
        {{"domain", "0x" + address.substr(0, 4)},
         {"bus", "0x" + address.substr(5, 2)},
         {"slot", "0x" + address.substr(8, 2)},
         {"function", "0x" + address.substr(11)}});
}

void add_host_device(pugi::xml_node parent, const VmHostDevice& device, PciPlace place) {
    validate_host_device(device);
    pugi::xml_node node =
        add(parent,
            "hostdev",
            {{"mode", "subsystem"}, {"type", device.mediated ? "mdev" : "pci"}, {"managed", "no"}});
    if (device.mediated) {
        node.append_attribute("model") = "vfio-pci";
        add(add(node, "source"), "address", {{"uuid", device.address}});
    } else {
        add(node, "driver", {{"name", "vfio"}});
        add_pci_source(add(node, "source"), device.address);
    }
    add(node, "alias", {{"name", alias_of(device.name)}});
    add_pci_address(node, place);
}

Error no_place(const VmHostDevice& device) {
    const char* key = "default_bridges";
    if (device.port != PciPort::bridge) {
        key = device.port == PciPort::root ? "pcie_root_port" : "pcie_switch_port";
    }
    return {ErrorCode::unsupported,
            fmt::format("cannot give device {} to the VM", device.address),
            fmt::format("no place for it is left on the VM's bus; raise {} in configuration.toml",
                        key)};
}

}  // namespace

void validate_host_device(const VmHostDevice& device) {
    const std::string_view pattern =
        device.mediated ? "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" : "xxxx:xx:xx.x";
    if (!matches(device.address, pattern)) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("\"{}\" is no address of a host's device",
                                base::printable(device.address, 64)));
    }
    const auto plain = [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '-'; };
    if (device.name.empty() || !std::all_of(device.name.begin(), device.name.end(), plain)) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no name for a device", base::printable(device.name, 64)));
    }
}

void add_host_devices(pugi::xml_node devices,
                      const std::vector<VmHostDevice>& host_devices,
                      PciControllers& controllers) {
    for (const VmHostDevice& device : host_devices) {
        if (device.port != PciPort::bridge) {
            add_host_device(devices, device, {controllers.add_port(device.port), 0});
            continue;
        }
        const auto place = free_place(devices, device.port);
        if (!place) {
            throw no_place(device);
        }
        add_host_device(devices, device, *place);
    }
}

std::string build_host_device_xml(const VmHostDevice& device, const std::string& live_xml) {
    const pugi::xml_document domain = parse_domain(live_xml);
    const auto place = free_place(devices_of(domain), device.port);
    if (!place) {
        throw no_place(device);
    }
    pugi::xml_document document;
    add_host_device(document, device, *place);
    return text_of(document.first_child());
}

}  // namespace kata::libvirt_driver
