#include "pkg/libvirt-driver/xml_text.h"

#include <fmt/format.h>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {
namespace {

pugi::xml_document parse(const std::string& xml, std::string_view what) {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
    if (!parsed) {
        throw base::Error(base::ErrorCode::internal,
                          fmt::format("cannot parse {} from libvirt", what),
                          parsed.description());
    }
    return document;
}

}  // namespace

pugi::xml_document parse_domain(const std::string& live_xml) {
    return parse(live_xml, "the XML of the VM");
}

pugi::xml_node devices_of(const pugi::xml_document& domain) {
    return domain.child("domain").child("devices");
}

std::vector<std::string> select_text(const std::string& xml,
                                     const char* xpath,
                                     std::string_view what) {
    const pugi::xml_document document = parse(xml, what);
    std::vector<std::string> values;
    for (const pugi::xpath_node& match : document.select_nodes(xpath)) {
        values.emplace_back(match.attribute() ? match.attribute().value() : match.node().value());
    }
    return values;
}

}  // namespace kata::libvirt_driver
