#include "pkg/sandbox/config/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <regex>
#include <sstream>

#include <nlohmann/json.hpp>

namespace kata::sandbox {
namespace {

constexpr std::size_t kDigestSize = 128;

std::vector<std::string> words_of(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

// A key that is not set unless a file sets it can be set to nothing, too.
bool takes_nothing(const ConfigKey& key) {
    return key.fallback == "\"\"";
}

std::string enumerated(const ConfigKey& key) {
    std::vector<std::string> all = words_of(key.rule.words);
    if (takes_nothing(key)) {
        all.emplace_back();
    }
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) {
            text += i + 1 == all.size() ? " or " : ", ";
        }
        text += "\"" + all[i] + "\"";
    }
    return text;
}

std::string between(const ValueRule& rule) {
    return " from " + std::to_string(rule.least) + " to " + std::to_string(rule.most);
}

bool in_range(const ValueRule& rule, double value) {
    return value >= static_cast<double>(rule.least) && value <= static_cast<double>(rule.most);
}

bool is_regular_expression(const std::string& text) {
    try {
        static_cast<void>(std::regex(text));
        return true;
    } catch (const std::regex_error&) {
        return false;
    }
}

std::optional<std::string> stand_in(const ConfigKey& key, const std::string& text) {
    for (const std::string& pair : words_of(key.rule.stand_ins)) {
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) == text) {
            return pair.substr(equals + 1);
        }
    }
    return std::nullopt;
}

bool takes_text(const ConfigKey& key, const std::string& text) {
    if (text.find('\0') != std::string::npos) {
        return false;
    }
    if (key.type == ValueType::path || key.type == ValueType::guest_path) {
        return text.empty() || text.front() == '/';
    }
    if (key.type == ValueType::digest) {
        return text.size() == kDigestSize &&
               text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    }
    if (key.type != ValueType::text || key.rule.words.empty()) {
        return key.type == ValueType::text;
    }
    return (text.empty() && takes_nothing(key)) || stand_in(key, text) ||
           std::ranges::count(words_of(key.rule.words), text) > 0;
}

bool takes_list(const ConfigKey& key, const std::vector<std::string>& list) {
    if (key.type == ValueType::patterns) {
        return std::ranges::all_of(list, is_regular_expression);
    }
    return key.type == ValueType::texts || key.type == ValueType::tables;
}

std::string trimmed(const std::string& text) {
    constexpr const char* kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

template <typename Number>
std::optional<ConfigValue> parsed_number(const std::string& text) {
    Number value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

// Those that belong to a container and to no key are written in any base by Kata: 0x40, 0o100, 64.
std::optional<ConfigValue> parsed_in_any_base(const std::string& text) {
    if (text.size() < 3 || text[0] != '0') {
        return parsed_number<std::int64_t>(text);
    }
    const std::string_view kinds = "xXoObB";
    constexpr std::array kBases = {16, 16, 8, 8, 2, 2};
    const auto kind = kinds.find(text[1]);
    if (kind == std::string_view::npos) {
        return parsed_number<std::int64_t>(text);
    }
    std::uint64_t value = 0;
    const char* const last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(text.data() + 2, last, value, kBases.at(kind));
    if (failure != std::errc() || end != last ||
        value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(value);
}

std::optional<ConfigValue> parsed_flag(const std::string& text) {
    constexpr std::array kTrue = {"1", "t", "T", "TRUE", "true", "True"};
    constexpr std::array kFalse = {"0", "f", "F", "FALSE", "false", "False"};
    if (std::ranges::count(kTrue, text) > 0) {
        return true;
    }
    if (std::ranges::count(kFalse, text) > 0) {
        return false;
    }
    return std::nullopt;
}

std::vector<std::string> parts_of(const std::string& text, const char* separators) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        if (std::string part = trimmed(text.substr(at, end - at)); !part.empty()) {
            parts.push_back(std::move(part));
        }
        at = end + 1;
    }
    return parts;
}

// A list in brackets is JSON; else modules are parted by semicolons, for they have parameters, and
// all other lists by blanks or commas.
std::optional<ConfigValue> parsed_list(const ConfigKey& key, const std::string& text) {
    if (text.starts_with('[')) {
        const auto document = nlohmann::json::parse(text, nullptr, false);
        if (!document.is_array() ||
            !std::ranges::all_of(document, [](const auto& item) { return item.is_string(); })) {
            return std::nullopt;
        }
        return document.get<std::vector<std::string>>();
    }
    return parts_of(text, key.name == "kernel_modules" ? ";" : ", \t");
}

std::optional<ConfigValue> parsed(const ConfigKey& key, const std::string& text) {
    switch (key.type) {
        case ValueType::flag:
            return parsed_flag(trimmed(text));
        case ValueType::whole:
            return key.section.empty() ? parsed_in_any_base(trimmed(text))
                                       : parsed_number<std::int64_t>(trimmed(text));
        case ValueType::number:
            return parsed_number<double>(trimmed(text));
        case ValueType::text:
        case ValueType::path:
        case ValueType::guest_path:
        case ValueType::digest:
            return text;
        case ValueType::texts:
        case ValueType::patterns:
            return parsed_list(key, trimmed(text));
        case ValueType::tables: {
            const auto document = nlohmann::json::parse(text, nullptr, false);
            return document.is_array() ? std::optional<ConfigValue>(std::vector<std::string>{})
                                       : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string_view name_of_parameter(std::string_view parameter) {
    return parameter.substr(0, parameter.find('='));
}

std::string number_text(double value) {
    std::ostringstream stream;
    stream << value;
    std::string text = stream.str();
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::string allowed_values(const ConfigKey& key) {
    switch (key.type) {
        case ValueType::flag:
            return "true or false";
        case ValueType::whole:
            return "a whole number" + between(key.rule);
        case ValueType::number:
            return "a number" + between(key.rule);
        case ValueType::text:
            return key.rule.words.empty() ? "a string" : enumerated(key);
        case ValueType::path:
            return "an absolute path";
        case ValueType::guest_path:
            return "an absolute path in the guest";
        case ValueType::digest:
            return "a SHA-512 of 128 hexadecimal digits";
        case ValueType::texts:
            return "an array of strings";
        case ValueType::patterns:
            return "an array of regular expressions";
        case ValueType::tables:
            return "an array of tables";
    }
    return "";
}

bool takes_value(const ConfigKey& key, const ConfigValue& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return (key.type == ValueType::whole && *whole >= key.rule.least &&
                *whole <= key.rule.most) ||
               (key.type == ValueType::number && in_range(key.rule, static_cast<double>(*whole)));
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return key.type == ValueType::number && in_range(key.rule, *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return takes_text(key, *text);
    }
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        return takes_list(key, *list);
    }
    return key.type == ValueType::flag;
}

std::string about_stand_in(const ConfigKey& key, const ConfigValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    const auto used = text != nullptr ? stand_in(key, *text) : std::nullopt;
    return used ? "\"" + *text + "\" is not served, \"" + *used + "\" is used" : "";
}

std::string toml_quoted(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
            quoted += escape.data();
        } else {
            quoted += c;
        }
    }
    return quoted + "\"";
}

std::string toml_text(const ConfigValue& value) {
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag ? "true" : "false";
    }
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return std::to_string(*whole);
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return number_text(*number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return toml_quoted(*text);
    }
    std::string list;
    for (const std::string& item : std::get<std::vector<std::string>>(value)) {
        list += (list.empty() ? "" : ", ") + toml_quoted(item);
    }
    return "[" + list + "]";
}

std::optional<ConfigValue> parse_annotation_value(const ConfigKey& key, const std::string& text) {
    auto value = parsed(key, text);
    return value && takes_value(key, *value) ? value : std::nullopt;
}

std::string merge_kernel_parameters(const std::string& ours, const std::string& theirs) {
    const std::vector<std::string> replacing = words_of(theirs);
    std::string merged;
    for (const std::string& parameter : words_of(ours)) {
        const bool replaced = std::ranges::any_of(replacing, [&](const std::string& other) {
            return name_of_parameter(other) == name_of_parameter(parameter);
        });
        if (!replaced) {
            merged += parameter + " ";
        }
    }
    for (const std::string& parameter : replacing) {
        merged += parameter + " ";
    }
    return trimmed(merged);
}

}  // namespace kata::sandbox
