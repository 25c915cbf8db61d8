#include "pkg/sandbox/devices.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

constexpr std::int64_t kPseudoTerminals = 136;

struct Numbers {
    std::int64_t major;
    std::int64_t minor;
};
constexpr std::array<Numbers, 13> kCharacterDevices{{{1, 1},
                                                     {1, 3},
                                                     {1, 5},
                                                     {1, 7},
                                                     {1, 8},
                                                     {1, 9},
                                                     {1, 11},
                                                     {5, 0},
                                                     {5, 1},
                                                     {5, 2},
                                                     {10, 183},
                                                     {10, 200},
                                                     {10, 229}}};

std::optional<std::int64_t> number_in(const json& rule, const char* key) {
    const auto found = rule.find(key);
    if (found == rule.end() || !found->is_number_integer() || found->get<std::int64_t>() < 0) {
        return std::nullopt;  // any
    }
    return found->get<std::int64_t>();
}

// A number of the host's hardware would allow a device of the guest that it does not mean.
bool rule_means_something(const json& rule) {
    const auto major = number_in(rule, "major");
    if (!rule.value("allow", false) || !major) {
        return true;
    }
    const auto type = rule.value("type", "a");
    if (type == "b") {
        return false;
    }
    const auto minor = number_in(rule, "minor");
    if (minor) {
        return exists_in_guest("c", *major, *minor);
    }
    return *major == kPseudoTerminals ||
           std::any_of(kCharacterDevices.begin(), kCharacterDevices.end(), [&](Numbers numbers) {
               return numbers.major == *major;
           });
}

template <typename Predicate>
void keep_if(json& list, Predicate wanted) {
    json kept = json::array();
    for (json& element : list) {
        if (wanted(element)) {
            kept.push_back(std::move(element));
        }
    }
    list = std::move(kept);
}

bool is_disk(const std::string& path, const std::vector<GuestDiskNode>& disks) {
    return std::any_of(disks.begin(), disks.end(), [&](const GuestDiskNode& disk) {
        return disk.container_path == path;
    });
}

bool node_exists_in_guest(const json& device) {
    return exists_in_guest(device.value("type", ""),
                           device.value("major", std::int64_t{0}),
                           device.value("minor", std::int64_t{0}));
}

bool allows_everything(const oci::Spec& spec) {
    const auto& rules = spec.linux_->resources.devices;
    return std::any_of(rules.begin(), rules.end(), [](const oci::DeviceRule& rule) {
        return rule.allow && !rule.major && (rule.type.empty() || rule.type == "a");
    });
}

}  // namespace

bool exists_in_guest(const std::string& type, std::int64_t major, std::int64_t minor) {
    if (type == "p") {
        return true;
    }
    return (type == "c" || type == "u") &&
           (major == kPseudoTerminals ||
            std::any_of(kCharacterDevices.begin(), kCharacterDevices.end(), [&](Numbers numbers) {
                return numbers.major == major && numbers.minor == minor;
            }));
}

std::string explicit_access(const oci::Spec& spec, const oci::Device& device) {
    std::string access;
    if (!spec.linux_) {
        return access;
    }
    for (const oci::DeviceRule& rule : spec.linux_->resources.devices) {
        if (!rule.allow || rule.type != device.type || rule.major != device.major ||
            rule.minor != device.minor) {
            continue;
        }
        for (const char letter : rule.access) {
            if (access.find(letter) == std::string::npos) {
                access += letter;
            }
        }
    }
    return access;
}

void keep_guest_devices(json& linux_section, const std::vector<GuestDiskNode>& disks) {
    if (const auto devices = linux_section.find("devices");
        devices != linux_section.end() && devices->is_array()) {
        keep_if(*devices, [&](const json& device) {
            return node_exists_in_guest(device) || is_disk(device.value("path", ""), disks);
        });
    }
    const auto resources = linux_section.find("resources");
    if (resources == linux_section.end() || !resources->is_object()) {
        return;
    }
    if (const auto rules = resources->find("devices");
        rules != resources->end() && rules->is_array()) {
        keep_if(*rules, rule_means_something);
    }
}

std::vector<std::string> warnings_of_devices(const oci::Spec& spec,
                                             const std::vector<GuestDiskNode>& disks,
                                             const std::vector<std::string>& passed_on) {
    std::vector<std::string> warnings;
    if (!spec.linux_) {
        return warnings;
    }
    for (const oci::Device& device : spec.linux_->devices) {
        if (!exists_in_guest(device.type, device.major, device.minor) &&
            !is_disk(device.path, disks) &&
            std::ranges::find(passed_on, device.path) == passed_on.end()) {
            warnings.push_back("device \"" + base::printable(device.path, 256) +
                               "\" is the host's hardware, which the VM does not have: it is left "
                               "out");
        }
    }
    if (allows_everything(spec) && warnings.size() > 1) {
        return {std::to_string(warnings.size()) +
                " devices of the host do not exist in the VM and are left out"};
    }
    return warnings;
}

}  // namespace kata::sandbox
