#include "pkg/agent/guest/disk_nodes.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

void set_numbers(json& linux_section, const DiskNode& node) {
    json& devices = linux_section.at("devices");
    const auto found = std::find_if(devices.begin(), devices.end(), [&](const json& device) {
        return device.value("path", "") == node.container_path;
    });
    if (found == devices.end()) {
        throw base::Error(
            base::ErrorCode::invalid_argument,
            "the container has no device \"" + base::printable(node.container_path, 256) + "\"");
    }
    (*found)["type"] = "b";
    (*found)["major"] = node.device.major;
    (*found)["minor"] = node.device.minor;
}

void allow(json& linux_section, const DiskNode& node) {
    linux_section["resources"]["devices"].push_back({{"allow", true},
                                                     {"type", "b"},
                                                     {"major", node.device.major},
                                                     {"minor", node.device.minor},
                                                     {"access", node.access}});
}

}  // namespace

std::string with_disk_nodes(const std::string& spec_json, const std::vector<DiskNode>& nodes) {
    if (nodes.empty()) {
        return spec_json;
    }
    try {
        json spec = json::parse(spec_json);
        json& linux_section = spec.at("linux");
        for (const DiskNode& node : nodes) {
            set_numbers(linux_section, node);
            allow(linux_section, node);
        }
        return spec.dump();
    } catch (const json::exception& error) {
        throw base::Error(
            base::ErrorCode::invalid_argument, "cannot read the container's devices", error.what());
    }
}

}  // namespace kata::agent::guest
