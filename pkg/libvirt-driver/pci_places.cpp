#include "pkg/libvirt-driver/pci_places.h"

#include <cstdlib>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/xml_build.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::PciPort;

// Slot 0 of a bridge belongs to its hot-plug controller.
constexpr unsigned kFirstBridgeSlot = 1;
constexpr unsigned kLastSlot = 31;
// More levels than QEMU can nest: whoever needs them has a loop in its controllers.
constexpr int kDeepest = 32;

bool is_port(std::string_view model, PciPort port) {
    switch (port) {
        case PciPort::bridge:
            return model == "pci-bridge" || model == "pcie-to-pci-bridge";
        case PciPort::root:
            return model == "pcie-root-port";
        case PciPort::of_switch:
            return model == "pcie-switch-downstream-port";
    }
    return false;
}

bool is_pci_controller(pugi::xml_node node) {
    return std::string_view(node.name()) == "controller" &&
           std::string_view(node.attribute("type").value()) == "pci";
}

pugi::xml_node pci_address_of(pugi::xml_node device) {
    return device.find_child_by_attribute("address", "type", "pci");
}

// libvirt writes them as "0x01"; strtoul() knows both forms.
unsigned number_in(pugi::xml_node node, const char* attribute) {
    constexpr int kAnyBase = 0;
    return static_cast<unsigned>(
        std::strtoul(node.attribute(attribute).value(), nullptr, kAnyBase));
}

std::set<unsigned> taken_slots(pugi::xml_node devices, unsigned bus) {
    std::set<unsigned> taken;
    for (pugi::xml_node device : devices.children()) {
        const pugi::xml_node address = pci_address_of(device);
        if (address && number_in(address, "bus") == bus) {
            taken.insert(number_in(address, "slot"));
        }
    }
    return taken;
}

std::optional<PciPlace> free_on(pugi::xml_node devices, unsigned bus, PciPort port) {
    const auto taken = taken_slots(devices, bus);
    if (port != PciPort::bridge) {
        return taken.empty() ? std::optional(PciPlace{bus, 0}) : std::nullopt;
    }
    for (unsigned slot = kFirstBridgeSlot; slot <= kLastSlot; ++slot) {
        if (!taken.contains(slot)) {
            return PciPlace{bus, slot};
        }
    }
    return std::nullopt;
}

pugi::xml_node controller_of(pugi::xml_node devices, unsigned bus) {
    return devices.find_child([&](pugi::xml_node node) {
        return is_pci_controller(node) && number_in(node, "index") == bus;
    });
}

}  // namespace

unsigned PciControllers::add(const char* model) {
    libvirt_driver::add(devices_,
                        "controller",
                        {{"type", "pci"}, {"index", std::to_string(next_)}, {"model", model}});
    return next_++;
}

unsigned PciControllers::add_port(PciPort port) {
    if (port == PciPort::of_switch &&
        !devices_.find_child_by_attribute("controller", "model", "pcie-switch-upstream-port")) {
        add("pcie-root-port");
        add("pcie-switch-upstream-port");
    }
    return add(port == PciPort::of_switch ? "pcie-switch-downstream-port" : "pcie-root-port");
}

void add_pci_address(pugi::xml_node device, PciPlace place) {
    add(device,
        "address",
        {{"type", "pci"},
         {"domain", "0x0000"},
         {"bus", fmt::format("{:#04x}", place.bus)},
         {"slot", fmt::format("{:#04x}", place.slot)},
         {"function", "0x0"}});
}

std::optional<PciPlace> free_place(pugi::xml_node devices, PciPort port) {
    for (pugi::xml_node node : devices.children()) {
        if (!is_pci_controller(node) || !is_port(node.attribute("model").value(), port)) {
            continue;
        }
        if (const auto place = free_on(devices, number_in(node, "index"), port)) {
            return place;
        }
    }
    return std::nullopt;
}

std::string alias_of(const std::string& name) {
    return "ua-" + name;
}

pugi::xml_node find_by_alias(pugi::xml_node devices, const std::string& alias) {
    return devices.find_child([&](pugi::xml_node device) {
        return device.child("alias").attribute("name").value() == alias;
    });
}

std::string pci_path_of(pugi::xml_node devices, pugi::xml_node device) {
    std::string path;
    for (int depth = 0; depth < kDeepest; ++depth) {
        const pugi::xml_node address = pci_address_of(device);
        if (!address) {
            break;
        }
        const std::string step =
            fmt::format("{:02x}.{:x}", number_in(address, "slot"), number_in(address, "function"));
        path = path.empty() ? step : step + "/" + path;
        const unsigned bus = number_in(address, "bus");
        if (bus == 0) {
            return path;
        }
        device = controller_of(devices, bus);
    }
    throw Error(ErrorCode::internal, "libvirt tells no place of a device on the VM's PCI buses");
}

}  // namespace kata::libvirt_driver
