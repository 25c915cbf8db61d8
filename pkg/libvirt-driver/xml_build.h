// Writing domain XML: what every file that writes a part of it needs.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <pugixml.hpp>

namespace kata::libvirt_driver {

using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

pugi::xml_node add(pugi::xml_node parent, const char* name, Attributes attributes = {});

pugi::xml_node add_text(pugi::xml_node parent,
                        const char* name,
                        const std::string& text,
                        Attributes attributes = {});

/// An element alone, as libvirt takes a device.
[[nodiscard]] std::string text_of(pugi::xml_node node);

/// Gives a device a place on the root bus.
void add_root_bus_address(pugi::xml_node device, int slot);

/// Passes on to QEMU what libvirt has no words for; behind all elements of libvirt's own.
void add_qemu_arguments(pugi::xml_node domain, std::initializer_list<std::string> arguments);

/// A value as it stands in such an argument: a comma ends one, and two are one.
[[nodiscard]] std::string qemu_value(const std::string& text);

/// "on" or "off"
[[nodiscard]] const char* on_off(bool on);

/// @throws Error invalid_argument for a control character: XML 1.0 has no way to write most of
/// them, and none belongs into a name or path anyway.
void require_plain_text(std::string_view what, std::string_view text);

/// @throws Error invalid_argument for a control character or more than 107 bytes.
void require_socket_path(const std::filesystem::path& path);

// Slots of the root bus that both machine types leave free. Devices placed there by us need none of
// the PCIe root ports libvirt adds to q35: one for each device it places itself, and a spare.
// Network interfaces are from 0x10.
inline constexpr int kSerialSlot = 0x03;
inline constexpr int kShareSlot = 0x04;
inline constexpr int kVsockSlot = 0x05;
inline constexpr int kBalloonSlot = 0x0a;
inline constexpr int kRngSlot = 0x0b;
inline constexpr int kVirtioMemSlot = 0x0c;
// Of a share that libvirt does not know of: far from where it begins to place what it adds.
inline constexpr int kBareShareSlot = 0x1c;

}  // namespace kata::libvirt_driver
