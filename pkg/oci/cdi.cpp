#include "pkg/oci/cdi.h"

#include <algorithm>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"

namespace kata::oci {
namespace {

using base::quoted;

constexpr std::size_t kLongestVendor = 253;
constexpr std::size_t kLongestClass = 63;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

// Letters, digits and `marks`, with a letter or digit at both ends.
bool is_word(std::string_view text, std::string_view marks) {
    return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
           std::ranges::all_of(text, [marks](char c) {
               return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
           });
}

bool is_part_of_kind(std::string_view text, std::size_t longest) {
    return is_word(text, "_-.") && is_letter(text.front()) && text.size() <= longest;
}

}  // namespace

std::string to_string(const CdiName& device) {
    return device.kind + "=" + device.name;
}

bool is_cdi_kind(std::string_view text) {
    const auto slash = text.find('/');
    return slash != std::string_view::npos &&
           is_part_of_kind(text.substr(0, slash), kLongestVendor) &&
           is_part_of_kind(text.substr(slash + 1), kLongestClass);
}

bool is_cdi_device_name(std::string_view text) {
    return is_word(text, "_-.:");
}

std::map<std::string, std::string> cdi_annotations_of(
    const std::map<std::string, std::string>& annotations) {
    std::map<std::string, std::string> found;
    for (const auto& [key, value] : annotations) {
        if (key.starts_with(kCdiAnnotationPrefix)) {
            found.emplace(key, value);
        }
    }
    return found;
}

std::vector<CdiName> parse_cdi_annotation(const std::string& key, const std::string& value) {
    std::vector<CdiName> devices;
    for (std::size_t begin = 0; begin <= value.size();) {
        const auto end = std::min(value.find(',', begin), value.size());
        const std::string text = value.substr(begin, end - begin);
        const auto equals = std::min(text.find('='), text.size());
        CdiName device{text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))};
        if (!is_cdi_kind(device.kind) || !is_cdi_device_name(device.name)) {
            throw base::Error(base::ErrorCode::invalid_argument,
                              "annotation " + quoted(key) + ": " + quoted(text) +
                                  " is no device of CDI; write vendor.com/class=name, and commas "
                                  "between several");
        }
        devices.push_back(std::move(device));
        begin = end + 1;
    }
    return devices;
}

}  // namespace kata::oci
