#include "pkg/libvirt-driver/xml_build.h"

#include <sys/un.h>

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {
namespace {

constexpr const char* kQemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

pugi::xml_node add(pugi::xml_node parent, const char* name, Attributes attributes) {
    pugi::xml_node node = parent.append_child(name);
    for (const auto& [key, value] : attributes) {
        node.append_attribute(key) = value.c_str();
    }
    return node;
}

pugi::xml_node add_text(pugi::xml_node parent,
                        const char* name,
                        const std::string& text,
                        Attributes attributes) {
    pugi::xml_node node = add(parent, name, attributes);
    node.text() = text.c_str();
    return node;
}

std::string text_of(pugi::xml_node node) {
    std::ostringstream text;
    node.print(text, "  ", pugi::format_indent | pugi::format_no_declaration);
    return text.str();
}

void add_root_bus_address(pugi::xml_node device, int slot) {
    add(device,
        "address",
        {{"type", "pci"},
         {"domain", "0x0000"},
         {"bus", "0x00"},
         {"slot", fmt::format("{:#04x}", slot)},
         {"function", "0x0"}});
}

void add_qemu_arguments(pugi::xml_node domain, std::initializer_list<std::string> arguments) {
    pugi::xml_node line = domain.child("qemu:commandline");
    if (!line) {
        domain.append_attribute("xmlns:qemu") = kQemuNamespace;
        line = domain.append_child("qemu:commandline");
    }
    for (const std::string& argument : arguments) {
        add(line, "qemu:arg", {{"value", argument}});
    }
}

std::string qemu_value(const std::string& text) {
    std::string value;
    for (const char character : text) {
        value += character;
        if (character == ',') {
            value += ',';
        }
    }
    return value;
}

const char* on_off(bool on) {
    return on ? "on" : "off";
}

void require_plain_text(std::string_view what, std::string_view text) {
    const auto is_control = [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; };
    if (std::any_of(text.begin(), text.end(), is_control)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          fmt::format("cannot describe the VM: control character in {} \"{}\"",
                                      what,
                                      base::printable(text)));
    }
}

void require_socket_path(const std::filesystem::path& path) {
    require_plain_text("socket path", path.native());
    if (path.native().size() > kMaxSocketPath) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          fmt::format("cannot use socket \"{}\": the path is longer than {} bytes",
                                      base::printable(path.native()),
                                      kMaxSocketPath));
    }
}

}  // namespace kata::libvirt_driver
