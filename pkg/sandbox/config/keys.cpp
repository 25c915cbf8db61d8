#include <algorithm>

#include "pkg/base/did_you_mean.h"
#include "pkg/sandbox/config/key.h"

namespace kata::sandbox {
namespace {

bool is_below(std::string_view section, std::string_view above) {
    return section.size() > above.size() && section.starts_with(above) &&
           section[above.size()] == '.';
}

bool serves(const ConfigKey& key, std::string_view section) {
    return key.section == section || (key.name == "*" && is_below(section, key.section));
}

std::optional<std::string> nearest(std::string_view name,
                                   std::string_view section,
                                   bool in_section) {
    std::vector<std::string_view> names;
    for (const ConfigKey& key : config_keys()) {
        if (!key.section.empty() && key.name != "*" && (key.section == section) == in_section) {
            names.push_back(key.name);
        }
    }
    return base::did_you_mean(name, names);
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
    static const std::vector<ConfigKey> all = [] {
        std::vector<ConfigKey> keys;
        for (const auto part :
             {machine_keys(), device_keys(), other_keys(), annotation_only_keys()}) {
            keys.insert(keys.end(), part.begin(), part.end());
        }
        return keys;
    }();
    return all;
}

std::string dotted_name(const ConfigKey& key) {
    return std::string(key.section) + "." + std::string(key.name);
}

bool names_key(std::string_view text, const ConfigKey& key) {
    // A name of one word may stand there as a word of English.
    const bool distinct = key.name.find('_') != std::string_view::npos;
    const std::string name = distinct ? std::string(key.name) : dotted_name(key);
    const auto is_part = [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) {
            return true;
        }
    }
    return false;
}

const ConfigKey* find_config_key(std::string_view section, std::string_view name) {
    if (section.empty()) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(config_keys(), [&](const ConfigKey& key) {
        return serves(key, section) && (key.name == name || key.name == "*");
    });
    return found == config_keys().end() ? nullptr : &*found;
}

bool is_config_section(std::string_view section) {
    return std::ranges::any_of(config_keys(), [&](const ConfigKey& key) {
        return serves(key, section) || is_below(key.section, section);
    });
}

std::string suggestion_for(std::string_view section, std::string_view name) {
    const auto elsewhere = std::ranges::find_if(config_keys(), [&](const ConfigKey& key) {
        return key.name == name && !key.section.empty();
    });
    if (elsewhere != config_keys().end()) {
        return "this key belongs below [" + std::string(elsewhere->section) + "]";
    }
    for (const bool in_section : {true, false}) {
        if (const auto near = nearest(name, section, in_section)) {
            return "did you mean \"" + *near + "\"?";
        }
    }
    return "see configuration.toml(5) for the keys there are";
}

std::string suggestion_for_section(std::string_view section) {
    std::vector<std::string_view> sections;
    for (const ConfigKey& key : config_keys()) {
        if (!key.section.empty() && std::ranges::count(sections, key.section) == 0) {
            sections.push_back(key.section);
        }
    }
    if (const auto near = base::did_you_mean(section, sections)) {
        return "did you mean [" + *near + "]?";
    }
    return "see configuration.toml(5) for the sections there are";
}

std::string annotation_of(const ConfigKey& key) {
    if (key.annotation.empty()) {
        return "";
    }
    const std::string prefix(kAnnotationPrefix);
    if (key.annotation != kSameName) {
        return prefix + std::string(key.annotation);
    }
    const std::string_view group = key.section.substr(0, key.section.find('.'));
    return prefix + "config." + std::string(group) + "." + std::string(key.name);
}

const ConfigKey* find_annotation(std::string_view annotation) {
    const auto found = std::ranges::find_if(config_keys(), [&](const ConfigKey& key) {
        return !key.annotation.empty() && annotation_of(key) == annotation;
    });
    return found == config_keys().end() ? nullptr : &*found;
}

}  // namespace kata::sandbox
