#include "pkg/sandbox/iommu_group.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::string_view kNodes = "/dev/vfio/";
constexpr std::string_view kFirstDomain = "0000:";  // that a PCI address without one means
// The first half of a PCI class: what connects buses. VFIO lets the kernel keep these.
constexpr std::string_view kBridgeClass = "0x06";

std::optional<unsigned> number_in(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

// The name of what a symbolic link of sysfs leads to; empty: there is none.
std::string target_name(const fs::path& link) {
    std::error_code missing;
    return fs::read_symlink(link, missing).filename();
}

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

fs::path groups_of(const HostView& host) {
    return host.sys / "kernel/iommu_groups";
}

void require_iommu(const HostView& host) {
    std::error_code missing;
    if (fs::directory_iterator(groups_of(host), missing) != fs::directory_iterator()) {
        return;
    }
    const std::string cpus = base::try_read_file(host.proc / "cpuinfo").value_or("");
    const bool amd = cpus.find("AuthenticAMD") != std::string::npos;
    throw Error(ErrorCode::unsupported,
                std::string("this host has no IOMMU in use, which keeps a guest's device out of "
                            "the host's memory: switch ") +
                    (amd ? "AMD-Vi on in the firmware, and boot the kernel without amd_iommu=off"
                         : "VT-d on in the firmware, and boot the kernel with intel_iommu=on"));
}

void require_driver(const HostView& host) {
    if (!is_there(host.sys / "bus/pci/drivers/vfio-pci")) {
        throw Error(ErrorCode::unsupported,
                    "the driver vfio-pci, which gives devices to guests, is not loaded on this "
                    "host; run 'modprobe vfio-pci', and write vfio-pci to /etc/modules-load.d");
    }
}

Error no_such_group(unsigned number) {
    return {ErrorCode::not_found,
            "this host has no device in an IOMMU group " + std::to_string(number) +
                "; see 'ls /sys/kernel/iommu_groups/*/devices'"};
}

bool is_bridge(const fs::path& device) {
    return base::try_read_file(device / "class").value_or("").starts_with(kBridgeClass);
}

std::vector<IommuDevice> devices_in(const fs::path& group) {
    std::vector<IommuDevice> devices;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(group / "devices", missing)) {
        const fs::path& device = entry.path();
        if (!is_bridge(device)) {
            devices.push_back({device.filename(),
                               is_there(device / "mdev_type"),
                               target_name(device / "driver")});
        }
    }
    std::ranges::sort(devices, {}, &IommuDevice::address);
    return devices;
}

// Its variants for one make of device have names such as mlx5_vfio_pci.
bool is_vfio_driver(const std::string& name) {
    return name == "vfio-pci" || name.ends_with("vfio_pci");
}

// "pci_0000_45_00_1" is what libvirt calls it.
std::string libvirt_name(const std::string& address) {
    std::string name = "pci_" + address;
    std::ranges::replace_if(
        name, [](char c) { return c == ':' || c == '.'; }, '_');
    return name;
}

void require_assignable(const IommuDevice& device, unsigned group) {
    if (device.mediated || is_vfio_driver(device.driver)) {
        return;
    }
    throw Error(ErrorCode::invalid_state,
                "cannot give IOMMU group " + std::to_string(group) + " to a guest: its device " +
                    device.address + " has " +
                    (device.driver.empty() ? "no driver" : "the driver " + device.driver) +
                    ", not vfio-pci; run 'virsh nodedev-detach " + libvirt_name(device.address) +
                    "'");
}

std::string numbers_of(const oci::Device& node) {
    return std::to_string(node.major) + ":" + std::to_string(node.minor);
}

// The entry of a class of devices that has a node with these numbers; empty: there is none.
fs::path entry_of(const fs::path& devices_class, const oci::Device& node) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(devices_class, missing)) {
        if (base::try_read_file(entry.path() / "dev").value_or("") == numbers_of(node) + "\n") {
            return entry.path();
        }
    }
    return {};
}

// A node is a group's, or in newer kernels that of one device, /dev/vfio/devices/vfio<n>.
std::optional<unsigned> group_by_numbers(const oci::Device& node, const HostView& host) {
    if (const fs::path group = entry_of(host.sys / "class/vfio", node); !group.empty()) {
        return number_in(group.filename().native());
    }
    const fs::path device = entry_of(host.sys / "class/vfio-dev", node);
    return device.empty() ? std::nullopt : number_in(target_name(device / "device/iommu_group"));
}

// A volume is one disk: of a group with more devices somebody must say which.
std::string only_device_in(unsigned group, const std::vector<IommuDevice>& devices) {
    if (devices.size() == 1) {
        return devices.front().address;
    }
    if (devices.empty()) {
        throw no_such_group(group);
    }
    std::string addresses;
    for (const IommuDevice& device : devices) {
        addresses += (addresses.empty() ? "" : ", ") + device.address;
    }
    throw Error(ErrorCode::invalid_argument,
                "IOMMU group " + std::to_string(group) + " has several devices (" + addresses +
                    "); name the one that is the disk by its address");
}

}  // namespace

IommuPlace iommu_place_of(const std::string& device, const HostView& host) {
    require_iommu(host);
    if (device.starts_with(kNodes)) {
        const unsigned group =
            number_in(std::string_view(device).substr(kNodes.size())).value_or(0);
        return {group, only_device_in(group, devices_in(groups_of(host) / std::to_string(group)))};
    }
    const std::string address =
        std::ranges::count(device, ':') == 1 ? std::string(kFirstDomain) + device : device;
    const fs::path entry = host.sys / "bus/pci/devices" / address;
    const auto group = number_in(target_name(entry / "iommu_group"));
    if (!group) {
        throw Error(ErrorCode::not_found,
                    "this host has no device " + address + " that its IOMMU knows" +
                        (is_there(entry) ? "" : "; see 'lspci -D'"));
    }
    return {*group, address};
}

std::string host_device_name(const std::string& address) {
    std::string name = "vfio-" + address;
    std::ranges::replace_if(
        name, [](char c) { return c == ':' || c == '.'; }, '-');
    return name;
}

std::optional<unsigned> group_of_node(const oci::Device& node, const HostView& host) {
    if (node.type != "c" && node.type != "u") {
        return std::nullopt;
    }
    if (is_there(host.sys / "class/vfio")) {
        return group_by_numbers(node, host);
    }
    return node.path.starts_with(kNodes)
               ? number_in(std::string_view(node.path).substr(kNodes.size()))
               : std::nullopt;
}

bool is_vfio_container(const oci::Device& node) {
    constexpr int kMisc = 10;
    constexpr int kVfio = 196;
    return node.type == "c" && node.major == kMisc && node.minor == kVfio;
}

IommuGroup assignable_group(unsigned number, const HostView& host) {
    require_iommu(host);
    IommuGroup group{number, devices_in(groups_of(host) / std::to_string(number))};
    if (group.devices.empty()) {
        throw no_such_group(number);
    }
    if (!std::ranges::all_of(group.devices, &IommuDevice::mediated)) {
        require_driver(host);
    }
    for (const IommuDevice& device : group.devices) {
        require_assignable(device, number);
    }
    return group;
}

}  // namespace kata::sandbox
