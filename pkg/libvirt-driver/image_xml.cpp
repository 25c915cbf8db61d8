#include "pkg/libvirt-driver/image_xml.h"

#include <algorithm>

#include <fmt/format.h>

#include "pkg/libvirt-driver/xml_build.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
// Of the root bus. Other disks must come later in the guest, for which the image is /dev/vda: on a
// pc libvirt places them behind the lowest slot, on a q35 they are on buses of their own.
constexpr int kPcDiskSlot = 0x02;
constexpr int kQ35DiskSlot = 0x0f;

}  // namespace

bool confines_qemu(const std::string& capabilities_xml) {
    const auto models = select_text(
        capabilities_xml, "/capabilities/host/secmodel/model/text()", "the capabilities");
    return std::ranges::any_of(
        models, [](const std::string& model) { return model == "apparmor" || model == "selinux"; });
}

std::uint64_t mapped_mib(const sandbox::VmImage& image) {
    return (image.bytes + kMebibyte - 1) / kMebibyte;
}

void add_mapped_image(pugi::xml_node domain, const sandbox::VmImage& image, unsigned slot) {
    add_qemu_arguments(
        domain,
        {"-machine",
         "nvdimm=on",
         "-object",
         fmt::format("memory-backend-file,id=kata-image,mem-path={},size={},share=on,readonly=on",
                     qemu_value(image.path.native()),
                     image.bytes),
         "-device",
         fmt::format("nvdimm,id=kata-root,memdev=kata-image,unarmed=on,node=0,slot={}", slot)});
}

void add_image_disk(pugi::xml_node devices,
                    const sandbox::VmImage& image,
                    const std::string& machine_type) {
    pugi::xml_node disk = add(devices, "disk", {{"type", "file"}, {"device", "disk"}});
    add(disk, "driver", {{"name", "qemu"}, {"type", "raw"}});
    add(disk, "source", {{"file", image.path.native()}});
    add(disk, "target", {{"dev", "vda"}, {"bus", "virtio"}});
    add(disk, "readonly");
    add_root_bus_address(disk, machine_type == "pc" ? kPcDiskSlot : kQ35DiskSlot);
}

}  // namespace kata::libvirt_driver
