// A recorded tree of a host with an IOMMU, and specs that ask for its hardware.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/volumes/volume_device.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::test {

/// Group 12 has two functions of a card and the bridge above them, group 30 a virtual GPU, group 7
/// a device of the host's own.
class VfioHost {
  public:
    VfioHost() {
        directory_.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
        directory_.write("sys/bus/pci/drivers/vfio-pci/new_id", "");
        add_device(12, "0000:44:00.0", "0x060400", "pcieport");
        add_device(12, "0000:45:00.1", "0x020000", "vfio-pci");
        add_device(12, "0000:45:00.0", "0x020000", "vfio-pci");
        add_device(7, "0000:00:1f.3", "0x040300", "snd_hda_intel");
        add_device(30, "c2177883-f1bb-47f0-914d-32a22e3a8804", "", "nvidia-vgpu-vfio");
        directory_.write(
            "sys/kernel/iommu_groups/30/devices/c2177883-f1bb-47f0-914d-32a22e3a8804/"
            "mdev_type/name",
            "GRID");
        for (const char* group : {"12", "30", "7"}) {
            directory_.write("sys/class/vfio/" + std::string(group) + "/dev",
                             "243:" + std::string(group) + "\n");
            directory_.write("dev/vfio/" + std::string(group), "");
        }
    }

    void add_device(unsigned group,
                    const std::string& address,
                    const std::string& pci_class,
                    const std::string& driver) {
        const std::string device =
            "sys/kernel/iommu_groups/" + std::to_string(group) + "/devices/" + address;
        if (!pci_class.empty()) {
            directory_.write(device + "/class", pci_class + "\n");
        }
        set_driver(group, address, driver);
        const auto entry = directory_ / ("sys/bus/pci/devices/" + address);
        std::filesystem::create_directories(entry);
        std::filesystem::create_symlink("../../../../kernel/iommu_groups/" + std::to_string(group),
                                        entry / "iommu_group");
    }

    /// @param driver empty: none
    void set_driver(unsigned group, const std::string& address, const std::string& driver) {
        const auto link = directory_ / ("sys/kernel/iommu_groups/" + std::to_string(group) +
                                        "/devices/" + address + "/driver");
        std::filesystem::create_directories(link.parent_path());
        std::filesystem::remove(link);
        if (!driver.empty()) {
            std::filesystem::create_symlink("../../../bus/pci/drivers/" + driver, link);
        }
    }

    void remove(const std::string& path) { std::filesystem::remove_all(directory_ / path); }
    void write(const std::string& path, const std::string& text) { directory_.write(path, text); }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
        return directory_ / name;
    }
    [[nodiscard]] sandbox::HostView view() const {
        return {directory_ / "proc", directory_ / "sys", directory_ / "dev"};
    }

  private:
    TemporaryDirectory directory_;
};

inline oci::Device character_node(const std::string& path, int major, int minor) {
    oci::Device node;
    node.path = path;
    node.type = "c";
    node.major = major;
    node.minor = minor;
    return node;
}

/// Asks for a node as an engine does for --device.
inline void give_node(oci::Spec& spec, const oci::Device& node, const std::string& access) {
    if (!spec.linux_) {
        spec.linux_.emplace();
    }
    spec.linux_->devices.push_back(node);
    oci::DeviceRule rule;
    rule.allow = true;
    rule.type = node.type;
    rule.major = node.major;
    rule.minor = node.minor;
    rule.access = access;
    spec.linux_->resources.devices.push_back(rule);
}

}  // namespace kata::test
