#include "pkg/libvirt-driver/memory.h"

#include <charconv>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <pugixml.hpp>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/libvirt_error.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kKibibytesPerMebibyte = 1024;

// libvirt shows sizes in KiB, whatever they were given in.
std::uint64_t kibibytes_of(const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw Error(ErrorCode::internal,
                    fmt::format("libvirt gives the VM's memory the size \"{}\", not a number",
                                base::printable(text)));
    }
    return number;
}

Error plug_error(const std::string& operation) {
    const Error error = last_error(operation);
    const std::string_view text = error.what();
    if (text.find("slot") == std::string_view::npos && text.find("max") == std::string_view::npos) {
        return error;
    }
    return {ErrorCode::unsupported,
            error.what() + std::string("; memory_slots and default_maxmemory in "
                                       "configuration.toml say how far a new VM can grow")};
}

}  // namespace

std::string build_memory_xml(std::uint64_t memory_mib) {
    return fmt::format(
        "<memory model='dimm'>\n"
        "  <target>\n"
        "    <size unit='MiB'>{}</size>\n"
        "    <node>0</node>\n"
        "  </target>\n"
        "</memory>\n",
        memory_mib);
}

std::uint64_t plugged_memory_mib(const std::string& live_xml) {
    std::uint64_t kibibytes = 0;
    for (const char* size :
         {"/domain/devices/memory[@model='dimm']/target/size/text()",
          "/domain/devices/memory[@model='virtio-mem']/target/requested/text()"}) {
        for (const std::string& text : select_text(live_xml, size, "the XML of the VM")) {
            kibibytes += kibibytes_of(text);
        }
    }
    return kibibytes / kKibibytesPerMebibyte;
}

std::optional<std::string> build_virtio_mem_xml(const std::string& live_xml,
                                                std::uint64_t more_mib) {
    pugi::xml_document document;
    document.load_buffer(live_xml.data(), live_xml.size());
    const pugi::xml_node memory =
        document.select_node("/domain/devices/memory[@model='virtio-mem']").node();
    if (!memory) {
        return std::nullopt;
    }
    pugi::xml_node requested = memory.child("target").child("requested");
    const std::uint64_t have = kibibytes_of(requested.text().get());
    requested.text() = std::to_string(have + more_mib * kKibibytesPerMebibyte).c_str();
    std::ostringstream text;
    memory.print(text, "  ", pugi::format_indent);
    return text.str();
}

std::uint64_t attach_memory(virConnectPtr connection,
                            const std::string& uuid,
                            std::uint64_t memory_mib) {
    const std::string operation = fmt::format(
        "cannot plug {} MiB of memory into VM with UUID {}", memory_mib, base::printable(uuid));
    const DomainHandle domain = require_domain(connection, uuid, operation);
    const auto virtio_mem = build_virtio_mem_xml(live_xml(domain.get()), memory_mib);
    const std::string xml = virtio_mem ? *virtio_mem : build_memory_xml(memory_mib);
    const auto change = virtio_mem ? virDomainUpdateDeviceFlags : virDomainAttachDeviceFlags;
    if (change(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw plug_error(operation);
    }
    return plugged_memory_mib(live_xml(domain.get()));
}

}  // namespace kata::libvirt_driver
