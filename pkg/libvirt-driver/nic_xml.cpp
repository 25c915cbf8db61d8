#include "pkg/libvirt-driver/nic_xml.h"

#include <net/if.h>

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

// Slots of the root bus that both machine types leave free, as those of domain_xml.cpp.
constexpr unsigned kFirstNicSlot = 0x10;

bool is_mac(const std::string& text) {
    if (text.size() != 17) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (i % 3 == 2 ? text[i] != ':' : !digit) {
            return false;
        }
    }
    return true;
}

bool is_device_name(const std::string& text) {
    const auto allowed = [](unsigned char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
    };
    return !text.empty() && text.size() < IFNAMSIZ &&
           std::all_of(text.begin(), text.end(), allowed);
}

void add_with(pugi::xml_node parent, const char* name, const char* key, const std::string& value) {
    parent.append_child(name).append_attribute(key) = value.c_str();
}

pugi::xml_node add_nic(pugi::xml_node parent, const sandbox::VmNic& nic) {
    validate_nic(nic);
    pugi::xml_node interface = parent.append_child("interface");
    interface.append_attribute("type") = "ethernet";
    add_with(interface, "mac", "address", nic.mac);
    pugi::xml_node target = interface.append_child("target");
    target.append_attribute("dev") = nic.host_device.c_str();
    if (!nic.managed) {
        target.append_attribute("managed") = "no";
    }
    add_with(interface, "model", "type", "virtio");
    // Unless it is told which, libvirt takes vhost where the host has it, and QEMU elsewhere.
    if (!nic.vhost || nic.queues > 1) {
        pugi::xml_node driver = interface.append_child("driver");
        if (!nic.vhost) {
            driver.append_attribute("name") = "qemu";
        }
        if (nic.queues > 1) {
            driver.append_attribute("queues") = nic.queues;
        }
    }
    if (nic.mtu != 0) {
        add_with(interface, "mtu", "size", std::to_string(nic.mtu));
    }
    // Nobody boots from the network here, and the firmware would look into each ROM.
    add_with(interface, "rom", "enabled", "no");
    return interface;
}

std::string text_of(const pugi::xml_document& document) {
    std::ostringstream text;
    document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
    return text.str();
}

}  // namespace

void validate_nic(const sandbox::VmNic& nic) {
    if (!is_mac(nic.mac)) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("\"{}\" is no MAC address", base::printable(nic.mac, 64)));
    }
    if (!is_device_name(nic.host_device)) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("\"{}\" is no name for a tap device",
                                base::printable(nic.host_device, 64)));
    }
}

void add_nics(pugi::xml_node devices, const std::vector<sandbox::VmNic>& nics) {
    if (nics.size() > kMaxColdNics) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("a VM can start with {} network interfaces at most, not {}",
                                kMaxColdNics,
                                nics.size()));
    }
    unsigned slot = kFirstNicSlot;
    for (const sandbox::VmNic& nic : nics) {
        pugi::xml_node address = add_nic(devices, nic).append_child("address");
        address.append_attribute("type") = "pci";
        address.append_attribute("domain") = "0x0000";
        address.append_attribute("bus") = "0x00";
        address.append_attribute("slot") = fmt::format("{:#04x}", slot++).c_str();
        address.append_attribute("function") = "0x0";
    }
}

std::string build_nic_xml(const sandbox::VmNic& nic) {
    pugi::xml_document document;
    add_nic(document, nic);
    return text_of(document);
}

std::string build_nic_removal_xml(const std::string& mac) {
    pugi::xml_document document;
    pugi::xml_node interface = document.append_child("interface");
    interface.append_attribute("type") = "ethernet";
    add_with(interface, "mac", "address", mac);
    return text_of(document);
}

std::vector<std::string> nic_macs(const std::string& live_xml) {
    return select_text(live_xml, "/domain/devices/interface/mac/@address", "the XML of the VM");
}

}  // namespace kata::libvirt_driver
