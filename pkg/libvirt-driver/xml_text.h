// Reading XML that libvirt gave us: parsing and lookups only, for documents of a few kilobytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

namespace kata::libvirt_driver {

/// The XML of a domain that runs. @throws Error internal if it is not XML.
[[nodiscard]] pugi::xml_document parse_domain(const std::string& live_xml);
[[nodiscard]] pugi::xml_node devices_of(const pugi::xml_document& domain);

/// The text or attribute values that an XPath expression selects, in document order.
/// @param xpath such as "/domain/devices/vsock/cid/@address" or "/a/b/text()".
/// @param what names the document in errors. @throws Error internal if `xml` is not XML.
[[nodiscard]] std::vector<std::string> select_text(const std::string& xml,
                                                   const char* xpath,
                                                   std::string_view what);

}  // namespace kata::libvirt_driver
