#include "pkg/agent/guest/cdi_yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <yaml-cpp/yaml.h>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::array<std::string_view, 8> kNumbers = {
    "major", "minor", "fileMode", "uid", "gid", "timeout", "additionalGids", "additionalGIDs"};
// An alias may name what it is part of.
constexpr int kDeepest = 16;

[[noreturn]] void refuse(const YAML::Node& node, const std::string& what) {
    const YAML::Mark mark = node.Mark();
    throw Error(ErrorCode::invalid_argument,
                "line " + std::to_string(mark.line + 1) + ", column " +
                    std::to_string(mark.column + 1) + ": " + what);
}

// 438, 0666, 0o666, 0x1b6.
std::optional<std::int64_t> number_in(std::string_view text) {
    int base = 10;
    const std::string_view prefix = text.substr(0, 2);
    if (prefix == "0x" || prefix == "0o") {
        base = prefix == "0x" ? 16 : 8;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

json scalar(const YAML::Node& node, bool is_number) {
    const std::string& text = node.Scalar();
    const auto number = is_number ? number_in(text) : std::nullopt;
    if (number && *number >= 0) {
        return static_cast<std::uint64_t>(*number);
    }
    return number ? json(*number) : json(text);
}

json value_of(const YAML::Node& node, bool is_number, int depth);

json object(const YAML::Node& node, int depth) {
    json members = json::object();
    for (const auto& member : node) {
        if (!member.first.IsScalar()) {
            refuse(member.first, "the name of a field must be a word");
        }
        const std::string& key = member.first.Scalar();
        if (members.contains(key)) {
            refuse(member.first, "the field " + base::quoted(key) + " is there twice");
        }
        const bool is_number = std::ranges::find(kNumbers, key) != kNumbers.end();
        members[key] = value_of(member.second, is_number, depth);
    }
    return members;
}

json array(const YAML::Node& node, bool is_number, int depth) {
    json elements = json::array();
    for (const auto& element : node) {
        elements.push_back(value_of(element, is_number, depth));
    }
    return elements;
}

json value_of(const YAML::Node& node, bool is_number, int depth) {
    if (depth > kDeepest) {
        refuse(node, "nested too deep");
    }
    switch (node.Type()) {
        case YAML::NodeType::Scalar:
            return scalar(node, is_number);
        case YAML::NodeType::Sequence:
            return array(node, is_number, depth + 1);
        case YAML::NodeType::Map:
            return object(node, depth + 1);
        default:
            return nullptr;
    }
}

}  // namespace

json parse_cdi_yaml(const std::string& text) {
    try {
        return value_of(YAML::Load(text), false, 0);
    } catch (const YAML::Exception& error) {
        throw Error(ErrorCode::invalid_argument,
                    "not YAML: line " + std::to_string(error.mark.line + 1) + ", column " +
                        std::to_string(error.mark.column + 1),
                    error.msg);
    }
}

}  // namespace kata::agent::guest
