// Devices as the Container Device Interface (CDI) names them, vendor.com/class=name, and the
// annotations of a container that ask for them: cdi.k8s.io/<anything> = such names with commas.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kata::oci {

inline constexpr std::string_view kCdiAnnotationPrefix = "cdi.k8s.io/";

struct CdiName {
    std::string kind;  // "vendor.com/class"
    std::string name;
    auto operator<=>(const CdiName&) const = default;
};

/// "vendor.com/class=name".
[[nodiscard]] std::string to_string(const CdiName& device);

[[nodiscard]] bool is_cdi_kind(std::string_view text);
[[nodiscard]] bool is_cdi_device_name(std::string_view text);

/// The annotations that ask for devices.
[[nodiscard]] std::map<std::string, std::string> cdi_annotations_of(
    const std::map<std::string, std::string>& annotations);

/// The devices that an annotation asks for, in its order.
/// @throws base::Error invalid_argument, naming the annotation and what is no name of a device.
[[nodiscard]] std::vector<CdiName> parse_cdi_annotation(const std::string& key,
                                                        const std::string& value);

}  // namespace kata::oci
