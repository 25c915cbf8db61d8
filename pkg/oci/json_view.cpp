#include "pkg/oci/json_view.h"

#include <algorithm>
#include <limits>

#include "pkg/base/error.h"

namespace kata::oci {
namespace {

constexpr std::size_t kShownBytes = 80;

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view name_of_type(const nlohmann::json& value) {
    switch (value.type()) {
        case nlohmann::json::value_t::null:
            return "null";
        case nlohmann::json::value_t::object:
            return "an object";
        case nlohmann::json::value_t::array:
            return "an array";
        case nlohmann::json::value_t::string:
            return "a string";
        case nlohmann::json::value_t::boolean:
            return "a boolean";
        default:
            return "a number";
    }
}

base::Error invalid(const std::string& message) {
    return {base::ErrorCode::invalid_argument, message};
}

std::string shown(const std::string& path) {
    return path.empty() ? "the document" : path;
}

template <typename Low, typename High>
base::Error out_of_range(const JsonView& view, Low low, High high) {
    return invalid(shown(view.path()) + " must be an integer between " + std::to_string(low) +
                   " and " + std::to_string(high) + ", not " + view.value().dump());
}

}  // namespace

std::string member_path(const std::string& parent, std::string_view key) {
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_plain)) {
        return parent + "[\"" + base::printable(key, kShownBytes) + "\"]";
    }
    return parent.empty() ? std::string(key) : parent + "." + std::string(key);
}

std::string element_path(const std::string& parent, std::size_t index) {
    return parent + "[" + std::to_string(index) + "]";
}

std::optional<JsonView> JsonView::find(const char* key) const {
    if (!value_->is_object()) {
        refuse_type("an object");
    }
    const auto member = value_->find(key);
    if (member == value_->end() || member->is_null()) {
        return std::nullopt;
    }
    return JsonView(*member, member_path(path_, key));
}

std::vector<JsonView> JsonView::elements() const {
    if (!value_->is_array()) {
        refuse_type("an array");
    }
    std::vector<JsonView> views;
    views.reserve(value_->size());
    for (const auto& element : *value_) {
        views.emplace_back(element, element_path(path_, views.size()));
    }
    return views;
}

void JsonView::get(bool& target) const {
    if (!value_->is_boolean()) {
        refuse_type("a boolean");
    }
    target = value_->get<bool>();
}

void JsonView::get(std::string& target) const {
    if (!value_->is_string()) {
        refuse_type("a string");
    }
    target = value_->get_ref<const std::string&>();
}

void JsonView::get(std::int32_t& target) const {
    target = static_cast<std::int32_t>(signed_between(std::numeric_limits<std::int32_t>::min(),
                                                      std::numeric_limits<std::int32_t>::max()));
}

void JsonView::get(std::uint32_t& target) const {
    target = static_cast<std::uint32_t>(unsigned_up_to(std::numeric_limits<std::uint32_t>::max()));
}

void JsonView::get(std::int64_t& target) const {
    target = signed_between(std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max());
}

void JsonView::get(std::uint64_t& target) const {
    target = unsigned_up_to(std::numeric_limits<std::uint64_t>::max());
}

void JsonView::get(std::vector<std::string>& target) const {
    target.clear();
    for (const JsonView& element : elements()) {
        element.get(target.emplace_back());
    }
}

void JsonView::get(std::vector<std::uint32_t>& target) const {
    target.clear();
    for (const JsonView& element : elements()) {
        element.get(target.emplace_back());
    }
}

void JsonView::get(std::map<std::string, std::string>& target) const {
    if (!value_->is_object()) {
        refuse_type("an object");
    }
    target.clear();
    for (const auto& [key, value] : value_->items()) {
        JsonView(value, member_path(path_, key)).get(target[key]);
    }
}

void JsonView::refuse_type(std::string_view wanted) const {
    throw invalid(shown(path_) + " must be " + std::string(wanted) + ", not " +
                  std::string(name_of_type(*value_)));
}

std::int64_t JsonView::signed_between(std::int64_t low, std::int64_t high) const {
    if (!value_->is_number()) {
        refuse_type("a number");
    }
    const bool too_large = value_->is_number_unsigned() &&
                           value_->get<std::uint64_t>() > static_cast<std::uint64_t>(high);
    if (!value_->is_number_integer() || too_large) {
        throw out_of_range(*this, low, high);
    }
    const auto number = value_->get<std::int64_t>();
    if (number < low || number > high) {
        throw out_of_range(*this, low, high);
    }
    return number;
}

std::uint64_t JsonView::unsigned_up_to(std::uint64_t high) const {
    if (!value_->is_number()) {
        refuse_type("a number");
    }
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > high) {
        throw out_of_range(*this, 0, high);
    }
    return value_->get<std::uint64_t>();
}

}  // namespace kata::oci
