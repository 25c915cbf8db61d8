#include "pkg/libvirt-driver/xml_text.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {

std::vector<std::string> select_text(const std::string& xml,
                                     const char* xpath,
                                     std::string_view what) {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
    if (!parsed) {
        throw base::Error(base::ErrorCode::internal,
                          fmt::format("cannot parse {} from libvirt", what),
                          parsed.description());
    }
    std::vector<std::string> values;
    for (const pugi::xpath_node& match : document.select_nodes(xpath)) {
        values.emplace_back(match.attribute() ? match.attribute().value() : match.node().value());
    }
    return values;
}

}  // namespace kata::libvirt_driver
