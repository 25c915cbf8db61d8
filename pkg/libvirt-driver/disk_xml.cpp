#include "pkg/libvirt-driver/disk_xml.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/xml_build.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::DiskAio;
using sandbox::DiskCache;
using sandbox::DiskDriver;
using sandbox::VmConfig;
using sandbox::VmDisk;

// A slot of the root bus that both machine types leave free, as those of domain_xml.cpp.
constexpr unsigned kScsiSlot = 6;

const char* cache_word(DiskCache cache) {
    switch (cache) {
        case DiskCache::none:
            return "none";
        case DiskCache::writeback:
            return "writeback";
        case DiskCache::unsafe:
            return "unsafe";
        case DiskCache::automatic:
            break;
    }
    return nullptr;
}

const char* aio_word(DiskAio aio) {
    switch (aio) {
        case DiskAio::io_uring:
            return "io_uring";
        case DiskAio::native:
            return "native";
        case DiskAio::threads:
            break;
    }
    return "threads";
}

pugi::xml_node add(pugi::xml_node parent, const char* name, const char* key, const char* value) {
    pugi::xml_node node = parent.append_child(name);
    node.append_attribute(key) = value;
    return node;
}

void add_drive_address(pugi::xml_node device, std::size_t number) {
    pugi::xml_node address = add(device, "address", "type", "drive");
    address.append_attribute("controller") = 0;
    address.append_attribute("bus") = 0;
    address.append_attribute("target") = static_cast<unsigned>(number);
    address.append_attribute("unit") = 0;
}

// vda to vdz, vdaa, ...: only libvirt's names, which nobody in the guest relies on.
std::string target_name(DiskDriver driver, std::size_t number) {
    std::string letters;
    for (std::size_t rest = number + 1; rest > 0; rest = (rest - 1) / 26) {
        letters.insert(letters.begin(), static_cast<char>('a' + (rest - 1) % 26));
    }
    return (driver == DiskDriver::virtio_blk ? "vd" : "sd") + letters;
}

void add_driver(pugi::xml_node node, const VmDisk& disk) {
    const sandbox::DiskTuning& tuning = disk.tuning;
    pugi::xml_node driver = add(node, "driver", "name", "qemu");
    driver.append_attribute("type") = "raw";  // never guessed from what a guest has written
    if (const char* cache = cache_word(tuning.cache)) {
        driver.append_attribute("cache") = cache;
    }
    driver.append_attribute("io") = aio_word(tuning.aio);
    driver.append_attribute("discard") = "unmap";
    if (tuning.driver == DiskDriver::virtio_scsi) {
        return;  // the rest is the controller's
    }
    if (tuning.iothread > 0) {
        driver.append_attribute("iothread") = tuning.iothread;
    }
    driver.append_attribute("queues") = tuning.queues;
    driver.append_attribute("queue_size") = tuning.queue_size;
}

void add_sector_sizes(pugi::xml_node node, const sandbox::DiskTuning& tuning) {
    if (tuning.logical_sector_bytes == 0 && tuning.physical_sector_bytes == 0) {
        return;
    }
    pugi::xml_node sizes = node.append_child("blockio");
    if (tuning.logical_sector_bytes > 0) {
        sizes.append_attribute("logical_block_size") = tuning.logical_sector_bytes;
    }
    if (tuning.physical_sector_bytes > 0) {
        sizes.append_attribute("physical_block_size") = tuning.physical_sector_bytes;
    }
}

/// A disk that another process serves. It has no serial of ours, and is found by its alias.
pugi::xml_node add_served_disk(pugi::xml_node parent, const VmDisk& disk, std::size_t number) {
    pugi::xml_node node = add(parent, "disk", "type", "vhostuser");
    node.append_attribute("device") = "disk";
    pugi::xml_node driver = add(node, "driver", "name", "qemu");
    driver.append_attribute("type") = "raw";
    driver.append_attribute("queues") = disk.tuning.queues;  // QEMU's choice may be too many for it
    pugi::xml_node source = add(node, "source", "type", "unix");
    source.append_attribute("path") = disk.source.c_str();
    if (disk.reconnect_seconds > 0) {
        pugi::xml_node reconnect = add(source, "reconnect", "enabled", "yes");
        reconnect.append_attribute("timeout") = disk.reconnect_seconds;
    }
    pugi::xml_node target =
        add(node, "target", "dev", target_name(DiskDriver::virtio_blk, number).c_str());
    target.append_attribute("bus") = "virtio";
    add(node, "alias", "name", alias_of(disk.serial).c_str());
    return node;
}

/// Without its address. @param number tells it apart from the VM's other disks of this driver.
pugi::xml_node add_disk(pugi::xml_node parent, const VmDisk& disk, std::size_t number) {
    validate_disk(disk);
    if (disk.is_socket) {
        return add_served_disk(parent, disk, number);
    }
    const bool scsi = disk.tuning.driver == DiskDriver::virtio_scsi;
    pugi::xml_node node = add(parent, "disk", "type", disk.is_block_device ? "block" : "file");
    node.append_attribute("device") = "disk";
    add_driver(node, disk);
    add(node, "source", disk.is_block_device ? "dev" : "file", disk.source.c_str());
    add_sector_sizes(node, disk.tuning);
    pugi::xml_node target =
        add(node, "target", "dev", target_name(disk.tuning.driver, number).c_str());
    target.append_attribute("bus") = scsi ? "scsi" : "virtio";
    if (disk.read_only) {
        node.append_child("readonly");
    }
    node.append_child("serial").text() = disk.serial.c_str();
    if (scsi) {
        add_drive_address(node, number);
    }
    return node;
}

void add_scsi_controller(pugi::xml_node devices, const sandbox::DiskTuning& tuning) {
    pugi::xml_node controller = add(devices, "controller", "type", "scsi");
    controller.append_attribute("index") = 0;
    controller.append_attribute("model") = "virtio-scsi";
    pugi::xml_node driver = controller.append_child("driver");
    driver.append_attribute("queues") = tuning.queues;
    if (tuning.iothread > 0) {
        driver.append_attribute("iothread") = tuning.iothread;
    }
    add_pci_address(controller, {0, kScsiSlot});
}

std::size_t count_of(const std::vector<VmDisk>& disks, DiskDriver driver) {
    return static_cast<std::size_t>(std::count_if(
        disks.begin(), disks.end(), [&](const VmDisk& d) { return d.tuning.driver == driver; }));
}

void require_places(const std::vector<VmDisk>& disks, DiskDriver driver, std::size_t most) {
    if (count_of(disks, driver) > most) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("a VM can start with {} {} disks at most, not {}",
                                most,
                                driver == DiskDriver::virtio_blk ? "virtio-blk" : "virtio-scsi",
                                count_of(disks, driver)));
    }
}

std::size_t first_free_number(DiskDriver driver, const std::string& live_xml) {
    const auto taken =
        select_text(live_xml, "/domain/devices/disk/target/@dev", "the XML of the VM");
    std::size_t number = 0;
    while (std::find(taken.begin(), taken.end(), target_name(driver, number)) != taken.end()) {
        ++number;
    }
    return number;
}

}  // namespace

void validate_disk(const VmDisk& disk) {
    const auto printable = [](unsigned char byte) { return byte >= 0x20 && byte != 0x7f; };
    const std::string& source = disk.source.native();
    if (disk.is_socket) {
        require_socket_path(disk.source);
    }
    if (!disk.source.is_absolute() || !std::all_of(source.begin(), source.end(), printable)) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no path for the source of a disk", base::printable(source)));
    }
    const auto plain = [](unsigned char byte) { return std::isalnum(byte) != 0; };
    if (disk.serial.empty() || disk.serial.size() > sandbox::kMaxDiskSerial ||
        !std::all_of(disk.serial.begin(), disk.serial.end(), plain)) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no serial for a disk", base::printable(disk.serial, 64)));
    }
}

void add_iothreads(pugi::xml_node domain, unsigned count) {
    if (count > 0) {
        domain.append_child("iothreads").text() = count;
    }
}

void add_disks(pugi::xml_node devices, const VmConfig& config, PciControllers& controllers) {
    require_places(config.disks, DiskDriver::virtio_blk, kMaxColdBlkDisks);
    require_places(config.disks, DiskDriver::virtio_scsi, kMaxScsiDisks);
    const bool scsi = config.disk_tuning.driver == DiskDriver::virtio_scsi ||
                      count_of(config.disks, DiskDriver::virtio_scsi) > 0;
    if (scsi) {
        add_scsi_controller(devices, config.disk_tuning);
    }
    const std::size_t image = devices.child("disk") ? 1 : 0;  // it is vda
    std::size_t blk = 0;
    std::size_t drive = 0;
    for (const VmDisk& disk : config.disks) {
        if (disk.tuning.driver == DiskDriver::virtio_scsi) {
            add_disk(devices, disk, drive++);
            continue;
        }
        pugi::xml_node node = add_disk(devices, disk, image + blk++);
        if (config.machine_type == "q35") {
            // Behind a root port of its own it can be unplugged while the VM runs.
            add_pci_address(node, {controllers.add_port(sandbox::PciPort::root), 0});
        }
    }
}

std::string build_disk_xml(const VmDisk& disk, const std::string& live_xml) {
    pugi::xml_document document;
    return text_of(add_disk(document, disk, first_free_number(disk.tuning.driver, live_xml)));
}

std::optional<LiveDisk> find_disk(const std::string& live_xml, const std::string& serial) {
    const pugi::xml_document domain = parse_domain(live_xml);
    for (pugi::xml_node disk : devices_of(domain).children("disk")) {
        if (disk.child("serial").text().get() == serial ||
            disk.child("alias").attribute("name").value() == alias_of(serial)) {
            return LiveDisk{disk.child("target").attribute("dev").value(), text_of(disk)};
        }
    }
    return std::nullopt;
}

}  // namespace kata::libvirt_driver
