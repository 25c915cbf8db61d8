#include "pkg/oci/container_id.h"

#include <algorithm>

#include "pkg/base/error.h"

namespace kata::oci {
namespace {

constexpr std::size_t kShownBytes = 80;

// Not isalnum(3): it follows the locale.
bool is_allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '.' || c == '-';
}

bool is_valid(std::string_view text) {
    return !text.empty() && text.size() <= ContainerId::kMaxLength && text != "." && text != ".." &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

}  // namespace

ContainerId::ContainerId(std::string_view text) : text_(text) {
    if (!is_valid(text)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "invalid container ID format: \"" + base::printable(text, kShownBytes) +
                              "\"; use 1 to " + std::to_string(kMaxLength) +
                              " letters, digits and _ + . -");
    }
}

}  // namespace kata::oci
