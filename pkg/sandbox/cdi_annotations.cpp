#include "pkg/sandbox/cdi_annotations.h"

#include <algorithm>
#include <string_view>

#include "pkg/base/file.h"
#include "pkg/oci/annotations.h"
#include "pkg/oci/cdi.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/sandbox_vfio.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNvidia = "0x10de";
constexpr std::string_view kDisplay = "0x03";  // the first half of a PCI class
constexpr const char* kGpu = "nvidia.com/gpu";
constexpr std::string_view kGroupName = "vfio-";

bool begins_with(const fs::path& file, std::string_view text) {
    return base::try_read_file(file).value_or("").starts_with(text);
}

// A mediated device is a directory below the device that it is a part of.
bool is_nvidia_display(const fs::path& device) {
    std::error_code missing;
    const bool is_mediated = fs::exists(device / "mdev_type", missing);
    const fs::path pci = is_mediated ? fs::canonical(device, missing).parent_path() : device;
    return begins_with(pci / "vendor", kNvidia) && begins_with(pci / "class", kDisplay);
}

// "12" of the group "vfio-12".
std::string number_of(const std::string& group) {
    return group.starts_with(kGroupName) ? group.substr(kGroupName.size()) : group;
}

unsigned displays_in(const std::string& group, const HostView& host) {
    unsigned count = 0;
    std::error_code missing;
    const fs::path devices = host.sys / "kernel/iommu_groups" / number_of(group) / "devices";
    for (const auto& device : fs::directory_iterator(devices, missing)) {
        count += is_nvidia_display(device.path()) ? 1 : 0;
    }
    return count;
}

// The devices with indexes from `first` on.
std::string devices_from(unsigned first, unsigned count) {
    std::string list;
    for (unsigned index = first; index < first + count; ++index) {
        list += (list.empty() ? "" : ",") + oci::to_string({kGpu, std::to_string(index)});
    }
    return list;
}

bool is_sandbox_of_pod(const oci::Spec& spec) {
    const auto role = oci::pod_role_of(spec.annotations);
    return role.type == oci::ContainerType::pod_sandbox && role.annotated;
}

}  // namespace

std::map<std::string, std::string> cdi_annotations(const oci::Spec& spec,
                                                   const VfioPlan& plan,
                                                   const std::vector<std::string>& given,
                                                   const HostView& host) {
    auto annotations = oci::cdi_annotations_of(spec.annotations);
    for (const auto& [key, value] : annotations) {
        static_cast<void>(oci::parse_cdi_annotation(key, value));
    }
    if (is_sandbox_of_pod(spec)) {
        return {};
    }
    std::vector<std::string> groups = given;
    for (const PlannedGroup& group : plan.groups) {
        if (std::ranges::find(groups, group.name) == groups.end()) {
            groups.push_back(group.name);
        }
    }
    unsigned first = 0;
    for (const std::string& name : groups) {
        const unsigned count = displays_in(name, host);
        const bool is_of_container =
            std::ranges::find(plan.groups, name, &PlannedGroup::name) != plan.groups.end();
        if (is_of_container && count > 0) {
            annotations.emplace(std::string(oci::kCdiAnnotationPrefix) + "vfio" + number_of(name),
                                devices_from(first, count));
        }
        first += count;
    }
    return annotations;
}

std::vector<std::string> given_groups(const ContainerPlace& place, base::Log& log) {
    std::vector<std::string> groups;
    for (const Effect& effect : Journal::load(place.journal(), log)) {
        if (effect.kind == Effect::Kind::vfio) {
            groups.push_back(parse_vfio_effect(effect.object).name);
        }
    }
    return groups;
}

}  // namespace kata::sandbox
