#include "cli/config_document.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/sandbox/config/value.h"

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;
using sandbox::ConfigKey;
using sandbox::LoadedConfig;
using sandbox::Setting;

/// One line of the result: a key that is obeyed, or one that a file has set in vain.
struct Line {
    const ConfigKey& key;
    sandbox::ConfigValue value;
    const Setting* setting = nullptr;  // nullptr: the default
};

std::vector<Line> lines_of(const LoadedConfig& loaded) {
    std::vector<Line> lines;
    for (const ConfigKey& key : sandbox::config_keys()) {
        if (key.section.empty() || key.name == "*") {
            continue;
        }
        const auto found = loaded.settings.find(sandbox::dotted_name(key));
        if (found != loaded.settings.end()) {
            lines.push_back({key, found->second.value, &found->second});
        } else if (key.set != nullptr) {
            lines.push_back({key, sandbox::default_value(key), nullptr});
        }
    }
    return lines;
}

/// Those of sections that are passed over as a whole, whose values nobody has looked at.
std::vector<const Setting*> passed_over(const LoadedConfig& loaded) {
    std::vector<const Setting*> settings;
    for (const auto& [name, setting] : loaded.settings) {
        if (setting.key->name == "*") {
            settings.push_back(&setting);
        }
    }
    return settings;
}

/// Annotations that no key of a file stands behind.
std::string beside_the_keys(const LoadedConfig& loaded) {
    std::string text;
    for (const auto& [name, setting] : loaded.settings) {
        if (setting.key->section.empty()) {
            text += "\n# annotation " + name + " = " + sandbox::toml_text(setting.value) + "\n";
        }
    }
    return text;
}

std::string origin_of(const Line& line) {
    if (line.setting == nullptr) {
        return "default";
    }
    const std::string place = sandbox::place_of(*line.setting);
    const std::string why = sandbox::why_without_effect(*line.setting);
    const char* link = line.key.set == nullptr ? "; no effect: " : "; ";
    return why.empty() ? place : place + link + why;
}

Json json_value(const sandbox::ConfigValue& value) {
    return std::visit([](const auto& held) { return Json(held); }, value);
}

Json json_with_origin(const Line& line) {
    Json entry{{"value", json_value(line.value)}, {"file", nullptr}, {"line", nullptr}};
    if (line.setting != nullptr && !line.setting->annotation.empty()) {
        entry["annotation"] = line.setting->annotation;
    } else if (line.setting != nullptr) {
        entry["file"] = line.setting->file.native();
        entry["line"] = line.setting->line;
    }
    entry["effective"] = line.key.set != nullptr;
    return entry;
}

}  // namespace

std::string config_toml(const LoadedConfig& loaded, bool origins) {
    std::string text;
    std::string_view section;
    for (const Line& line : lines_of(loaded)) {
        if (line.key.section != section) {
            section = line.key.section;
            text += (text.empty() ? "[" : "\n[") + std::string(section) + "]\n";
        }
        text += std::string(line.key.name) + " = " + sandbox::toml_text(line.value);
        text += origins ? "  # " + origin_of(line) + "\n" : "\n";
    }
    for (const Setting* setting : passed_over(loaded)) {
        text += "\n# " + base::printable(setting->name, 256) + " (" + sandbox::place_of(*setting) +
                ") has no effect: " + std::string(setting->key->text) + "\n";
    }
    return text + beside_the_keys(loaded);
}

Json config_json(const LoadedConfig& loaded, bool origins) {
    Json document = Json::object();
    for (const Line& line : lines_of(loaded)) {
        document[std::string(line.key.section)][std::string(line.key.name)] =
            origins ? json_with_origin(line) : json_value(line.value);
    }
    return document;
}

std::string config_findings(const LoadedConfig& loaded) {
    const std::vector<std::string> vain = sandbox::settings_without_effect(loaded);
    std::string text = "\"" + loaded.file.native() +
                       "\" can be used: " + std::to_string(loaded.settings.size() - vain.size()) +
                       " settings are obeyed, " + std::to_string(vain.size()) + " have no effect\n";
    for (const std::string& line : vain) {
        text += "  " + line + "\n";
    }
    return text;
}

}  // namespace kata::cli
