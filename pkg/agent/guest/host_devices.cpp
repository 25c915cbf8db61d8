#include "pkg/agent/guest/host_devices.h"

#include <chrono>
#include <map>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

// A driver that is there takes a device at once; one that is a module was loaded before.
constexpr std::chrono::milliseconds kProbe{500};

struct GroupState {
    bool driven = false;
    std::string without_driver;  // its devices that have none
};

void require_a_driver(const std::map<std::string, GroupState>& groups) {
    for (const auto& [name, group] : groups) {
        if (!group.driven) {
            throw Error(ErrorCode::unsupported,
                        "the guest's kernel has no driver for " + group.without_driver +
                            "; name its module in kernel_modules of configuration.toml, or use a "
                            "guest kernel that has it");
        }
        if (!group.without_driver.empty()) {
            log_error("no driver for " + group.without_driver);
        }
    }
}

json device_of(const DriverNode& node) {
    return {{"path", node.path},
            {"type", node.is_block ? "b" : "c"},
            {"major", node.major},
            {"minor", node.minor}};
}

json rule_of(const ContainerNode& given) {
    return {{"allow", true},
            {"type", given.node.is_block ? "b" : "c"},
            {"major", given.node.major},
            {"minor", given.node.minor},
            {"access", given.access}};
}

}  // namespace

std::vector<ContainerNode> nodes_of_host_devices(const std::vector<HostDevice>& devices,
                                                 base::Deadline deadline,
                                                 const std::filesystem::path& sysfs) {
    std::vector<ContainerNode> nodes;
    std::map<std::string, GroupState> groups;
    for (const HostDevice& device : devices) {
        const auto directory = await_pci_device(device.pci_path, deadline, sysfs);
        GroupState& group = groups[device.group];
        if (!await_driver(directory, deadline.at_most(kProbe))) {
            group.without_driver +=
                (group.without_driver.empty() ? "" : ", ") + describe_pci_device(directory);
            continue;
        }
        group.driven = true;
        for (const DriverNode& node : nodes_of_device(directory)) {
            nodes.push_back({node, device.access});
        }
    }
    require_a_driver(groups);
    return nodes;
}

std::string with_nodes(const std::string& spec_json, const std::vector<ContainerNode>& nodes) {
    if (nodes.empty()) {
        return spec_json;
    }
    try {
        json spec = json::parse(spec_json);
        json& linux_section = spec.at("linux");
        for (const ContainerNode& given : nodes) {
            linux_section["devices"].push_back(device_of(given.node));
            linux_section["resources"]["devices"].push_back(rule_of(given));
        }
        return spec.dump();
    } catch (const json::exception& error) {
        throw Error(
            ErrorCode::invalid_argument, "cannot read the container's devices", error.what());
    }
}

}  // namespace kata::agent::guest
