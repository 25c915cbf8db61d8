// The image with the guest's root in a domain's XML: as memory that is mapped from the file, or as
// a disk. Either way QEMU opens the file for reading only, so that no guest can change what others
// boot.
#pragma once

#include <string>

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// Whether a security driver of the daemon lets QEMU open only files that libvirt's own elements
/// name.
[[nodiscard]] bool confines_qemu(const std::string& capabilities_xml);

/// MiB of the machine's memory slots that the mapped image takes.
[[nodiscard]] std::uint64_t mapped_mib(const sandbox::VmImage& image);

/// An nvdimm in QEMU's own words: libvirt's would open the file for writing, and copy it for each
/// VM.
/// @param slot of the machine's memory that libvirt gives to nothing else before all others are
/// taken.
void add_mapped_image(pugi::xml_node domain, const sandbox::VmImage& image, unsigned slot);

/// The guest's /dev/vda, whatever disks it has besides. They are added later than this one.
void add_image_disk(pugi::xml_node devices,
                    const sandbox::VmImage& image,
                    const std::string& machine_type);

}  // namespace kata::libvirt_driver
