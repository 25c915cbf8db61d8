// A value of a configuration key that is not its default, on every host.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include "pkg/sandbox/config/file.h"
#include "pkg/sandbox/config/key.h"

namespace kata::sandbox {

/// @pre the key's default is not the only number of its range.
inline std::int64_t other_number(const ConfigKey& key) {
    const std::string fallback(key.fallback);
    std::int64_t number = std::clamp<std::int64_t>(1, key.rule.least, key.rule.most);
    return std::to_string(number) == fallback ? number + 1 : number;
}

inline std::string other_word(const ConfigKey& key) {
    std::istringstream words{std::string(key.rule.words)};
    std::string word;
    while (words >> word && "\"" + word + "\"" == key.fallback) {
    }
    return word;
}

inline ConfigValue other_value(const ConfigKey& key) {
    switch (key.type) {
        case ValueType::flag:
            return key.fallback != "true";
        case ValueType::whole:
        case ValueType::number:
            return other_number(key);
        case ValueType::text:
            return key.rule.words.empty() ? "other" : other_word(key);
        case ValueType::path:
        case ValueType::guest_path:
            return std::string("/other");
        case ValueType::digest:
            return std::string(128, 'a');
        default:
            return std::vector<std::string>{"other"};
    }
}

}  // namespace kata::sandbox
