#include "pkg/libvirt-driver/plug_disk.h"

#include <string_view>

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/detach.h"
#include "pkg/libvirt-driver/disk_xml.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

std::string failed(const char* verb, const std::string& serial, const std::string& uuid) {
    return fmt::format("cannot {} disk {} of VM with UUID {}",
                       verb,
                       base::printable(serial, 64),
                       base::printable(uuid));
}

// libvirt has one number for much that it does not like, and QEMU none.
Error plug_error(const std::string& operation) {
    Error error = last_error(operation);
    const std::string_view text = error.what();
    if (text.find("PCI slots") != std::string_view::npos) {
        return {ErrorCode::unsupported,
                operation,
                "no place for it is left on the VM's bus; raise pcie_root_port in "
                "configuration.toml, or set block_device_driver to \"virtio-scsi\""};
    }
    if (text.find("Permission denied") != std::string_view::npos) {
        return {ErrorCode::permission_denied, error.what()};
    }
    return error;
}

/// nullopt also for a domain that has ended meanwhile.
std::optional<LiveDisk> live_disk(virDomainPtr domain, const std::string& serial) {
    const LibvirtText xml(virDomainGetXMLDesc(domain, 0));
    if (xml == nullptr) {
        if (last_error_number() == VIR_ERR_NO_DOMAIN) {
            return std::nullopt;
        }
        throw last_error("cannot read the XML of the VM");
    }
    return find_disk(xml.get(), serial);
}

}  // namespace

void attach_disk(virConnectPtr connection, const std::string& uuid, const sandbox::VmDisk& disk) {
    const std::string operation = failed("plug", disk.serial, uuid);
    const DomainHandle domain = require_domain(connection, uuid, operation);
    const std::string xml = build_disk_xml(disk, live_xml(domain.get()));
    if (virDomainAttachDeviceFlags(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw plug_error(operation);
    }
}

void detach_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 base::Deadline deadline) {
    detach_device(
        connection,
        uuid,
        failed("unplug", serial, uuid),
        [&](const std::string& xml) {
            const auto disk = find_disk(xml, serial);
            return disk ? disk->element : "";
        },
        deadline);
}

void resize_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 std::uint64_t bytes) {
    const std::string operation = failed("resize", serial, uuid);
    const DomainHandle domain = require_domain(connection, uuid, operation);
    const auto disk = live_disk(domain.get(), serial);
    if (!disk) {
        throw Error(ErrorCode::not_found, operation, "the VM has no such disk");
    }
    if (virDomainBlockResize(
            domain.get(), disk->target.c_str(), bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) < 0) {
        throw last_error(operation);
    }
}

}  // namespace kata::libvirt_driver
