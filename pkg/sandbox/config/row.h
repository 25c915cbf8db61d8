// How the tables of keys are written: a row each, of a key that is obeyed or of one that is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/sandbox/config/key.h"

namespace kata::sandbox {

constexpr auto kFlag = ValueType::flag;
constexpr auto kWhole = ValueType::whole;
constexpr auto kNumber = ValueType::number;
constexpr auto kText = ValueType::text;
constexpr auto kPath = ValueType::path;
constexpr auto kGuestPath = ValueType::guest_path;
constexpr auto kDigest = ValueType::digest;
constexpr auto kTexts = ValueType::texts;
constexpr auto kPatterns = ValueType::patterns;
constexpr auto kTables = ValueType::tables;

constexpr std::string_view kQemu = "hypervisor.qemu";
constexpr ValueRule kAny{};
constexpr std::string_view kNoAnnotation;

constexpr ValueRule range(std::int64_t least, std::int64_t most) {
    return {.least = least, .most = most, .words = {}};
}

constexpr ValueRule one_of(std::string_view words, std::string_view stand_ins = {}) {
    return {.words = words, .stand_ins = stand_ins};
}

/// A key that is obeyed.
constexpr ConfigKey obeyed(std::string_view section,
                           std::string_view name,
                           ValueType type,
                           std::string_view fallback,
                           ValueRule rule,
                           std::string_view annotation,
                           std::string_view allowed_by,
                           ConfigSetter set,
                           std::string_view text) {
    return {section, name, type, fallback, rule, annotation, allowed_by, set, text};
}

/// A key that is accepted and changes nothing. @param text what to use instead.
constexpr ConfigKey ignored(std::string_view section,
                            std::string_view name,
                            ValueType type,
                            std::string_view fallback,
                            ValueRule rule,
                            std::string_view annotation,
                            std::string_view allowed_by,
                            std::string_view text) {
    return {section, name, type, fallback, rule, annotation, allowed_by, nullptr, text};
}

// What setters read; takes_value() has been asked before.
inline bool flag(const ConfigValue& value) {
    return std::get<bool>(value);
}
inline std::string text(const ConfigValue& value) {
    return std::get<std::string>(value);
}
inline std::vector<std::string> texts(const ConfigValue& value) {
    return std::get<std::vector<std::string>>(value);
}
template <typename Number>
Number whole(const ConfigValue& value) {
    return static_cast<Number>(std::get<std::int64_t>(value));
}

}  // namespace kata::sandbox
