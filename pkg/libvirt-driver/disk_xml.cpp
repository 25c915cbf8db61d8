#include "pkg/libvirt-driver/disk_xml.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <fmt/format.h>

#include "pkg/base/error.h"
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

void add_pci_address(pugi::xml_node device, unsigned bus, unsigned slot) {
    pugi::xml_node address = add(device, "address", "type", "pci");
    address.append_attribute("domain") = "0x0000";
    address.append_attribute("bus") = fmt::format("{:#04x}", bus).c_str();
    address.append_attribute("slot") = fmt::format("{:#04x}", slot).c_str();
    address.append_attribute("function") = "0x0";
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

/// Without its address. @param number tells it apart from the VM's other disks of this driver.
pugi::xml_node add_disk(pugi::xml_node parent, const VmDisk& disk, std::size_t number) {
    validate_disk(disk);
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
    add_pci_address(controller, 0, kScsiSlot);
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

std::string text_of(pugi::xml_node node) {
    std::ostringstream text;
    node.print(text, "  ", pugi::format_indent | pugi::format_no_declaration);
    return text.str();
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

void add_disks(pugi::xml_node devices, const VmConfig& config) {
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
            const auto port = config.hotplug_ports + static_cast<unsigned>(blk);
            pugi::xml_node controller = add(devices, "controller", "type", "pci");
            controller.append_attribute("index") = port;
            controller.append_attribute("model") = "pcie-root-port";
            add_pci_address(node, port, 0);
        }
    }
}

std::string build_disk_xml(const VmDisk& disk, const std::string& live_xml) {
    pugi::xml_document document;
    return text_of(add_disk(document, disk, first_free_number(disk.tuning.driver, live_xml)));
}

std::optional<LiveDisk> find_disk(const std::string& live_xml, const std::string& serial) {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(live_xml.data(), live_xml.size());
    if (!parsed) {
        throw Error(ErrorCode::internal,
                    "cannot parse the XML of the VM from libvirt",
                    parsed.description());
    }
    for (pugi::xml_node disk : document.child("domain").child("devices").children("disk")) {
        if (disk.child("serial").text().get() == serial) {
            return LiveDisk{disk.child("target").attribute("dev").value(), text_of(disk)};
        }
    }
    return std::nullopt;
}

}  // namespace kata::libvirt_driver
