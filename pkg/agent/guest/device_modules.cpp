#include "pkg/agent/guest/device_modules.h"

#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/boot.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

// "c 10:200"; what is no device gives a name that no list has.
std::string name_of(const json& device) {
    try {
        return device.at("type").get<std::string>() + " " +
               std::to_string(device.at("major").get<std::int64_t>()) + ":" +
               std::to_string(device.at("minor").get<std::int64_t>());
    } catch (const json::exception&) {
        return "";
    }
}

std::set<std::string> names_of_devices(const json& spec) {
    std::set<std::string> names;
    const auto section = spec.find("linux");
    if (section == spec.end() || !section->is_object()) {
        return names;
    }
    const auto devices = section->find("devices");
    if (devices != section->end() && devices->is_array()) {
        for (const json& device : *devices) {
            names.insert(name_of(device));
        }
    }
    return names;
}

}  // namespace

std::vector<std::string> modules_of_devices(const json& spec, const std::string& list) {
    const auto wanted = names_of_devices(spec);
    std::vector<std::string> paths;
    std::istringstream lines(list);
    std::string type;
    std::string numbers;
    std::string path;
    while (lines >> type >> numbers >> path) {
        std::string name = type;
        name += " " + numbers;
        if (wanted.contains(name)) {
            paths.push_back(path);
        }
    }
    return paths;
}

void load_device_modules(const json& spec, const std::string& list_path) {
    try_modules(modules_of_devices(spec, base::try_read_file(list_path).value_or("")));
}

}  // namespace kata::agent::guest
