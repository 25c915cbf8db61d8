#include "pkg/libvirt-driver/domain_xml.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/disk_xml.h"
#include "pkg/libvirt-driver/host_device_xml.h"
#include "pkg/libvirt-driver/image_xml.h"
#include "pkg/libvirt-driver/machine_xml.h"
#include "pkg/libvirt-driver/memory_xml.h"
#include "pkg/libvirt-driver/nic_xml.h"
#include "pkg/libvirt-driver/share_xml.h"
#include "pkg/libvirt-driver/xml_build.h"
#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::Accelerator;
using sandbox::VmConfig;

// More than a sandbox starts with, so that ports can be plugged later. An unused one costs a pair
// of queues in the guest and no measurable time.
constexpr std::size_t kSerialPorts = 64;

void validate(const VmConfig& config) {
    if (config.machine_type != "q35" && config.machine_type != "pc") {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("machine type \"{}\" is not known; use q35 or pc",
                                base::printable(config.machine_type)));
    }
    if (config.memory_mib == 0 || config.vcpus == 0) {
        throw Error(ErrorCode::invalid_argument, "a VM needs memory and at least one vCPU");
    }
    require_plain_text("name", config.name);
    require_plain_text("sandbox id", config.sandbox_id);
    require_plain_text("state directory", config.state_dir.native());
    require_plain_text("emulator path", config.emulator);
    require_plain_text("kernel path", config.kernel.native());
    require_plain_text("initrd path", config.initrd.native());
    require_plain_text("kernel parameters", config.kernel_parameters);
    if (config.image) {
        require_plain_text("image path", config.image->path.native());
    }
    require_plain_text("console log path", config.console_log.native());
    for (const sandbox::VmPort& port : config.ports) {
        require_plain_text("port name", port.name);
        require_socket_path(port.socket);
    }
    validate_machine(config.machine);
    if (config.share) {
        validate_share(*config.share);
    }
}

void add_identity(pugi::xml_node domain, const VmConfig& config) {
    add_text(domain, "name", config.name);
    add_text(domain, "uuid", config.uuid);
    pugi::xml_node ours = add(
        add(domain, "metadata"), "kata:sandbox", {{"xmlns:kata", std::string(kMetadataNamespace)}});
    add_text(ours, "kata:id", config.sandbox_id);
    add_text(ours, "kata:stateDirectory", config.state_dir.native());
}

bool is_mapped(const VmConfig& config, const HostChoices& host) {
    return config.image && config.image->memory_parameters && !host.confined;
}

/// Where the root is comes first, so that the administrator's parameters have the last word.
std::string kernel_parameters(const VmConfig& config, const HostChoices& host) {
    if (!config.image) {
        return config.kernel_parameters;
    }
    const auto& image = *config.image;
    const auto& root = is_mapped(config, host) ? *image.memory_parameters : image.disk_parameters;
    return root + " " + config.kernel_parameters;
}

void add_boot(pugi::xml_node domain, const VmConfig& config, const HostChoices& host) {
    pugi::xml_node os = add(domain, "os");
    add_text(os, "type", "hvm", {{"arch", "x86_64"}, {"machine", config.machine_type}});
    add_firmware(os, config.machine.firmware);
    add_text(os, "kernel", config.kernel.native());
    if (!config.initrd.empty()) {
        add_text(os, "initrd", config.initrd.native());
    }
    add_text(os, "cmdline", kernel_parameters(config, host));
}

void add_ends(pugi::xml_node domain) {
    for (const char* event : {"on_poweroff", "on_reboot", "on_crash"}) {
        add_text(domain, event, "destroy");
    }
}

void add_console(pugi::xml_node devices, const std::filesystem::path& log) {
    pugi::xml_node serial = add(devices, "serial", {{"type", "file"}});
    add(serial, "source", {{"path", log.native()}, {"append", "off"}});
    add(serial, "target", {{"type", "isa-serial"}, {"port", "0"}});
}

void add_port(pugi::xml_node devices, const sandbox::VmPort& port, std::size_t number) {
    pugi::xml_node channel = add(devices, "channel", {{"type", "unix"}});
    add(channel, "source", {{"mode", "bind"}, {"path", port.socket.native()}});
    add(channel, "target", {{"type", "virtio"}, {"name", port.name}});
    add(channel,
        "address",
        {{"type", "virtio-serial"},
         {"controller", "0"},
         {"bus", "0"},
         {"port", std::to_string(number)}});
}

void add_ports(pugi::xml_node devices, const std::vector<sandbox::VmPort>& ports) {
    // Number 0 of a virtio-serial controller is reserved for a console.
    const std::size_t capacity = std::max(kSerialPorts, ports.size() + 1);
    pugi::xml_node controller =
        add(devices,
            "controller",
            {{"type", "virtio-serial"}, {"index", "0"}, {"ports", std::to_string(capacity)}});
    add_root_bus_address(controller, kSerialSlot);
    std::size_t number = 1;
    for (const sandbox::VmPort& port : ports) {
        add_port(devices, port, number++);
    }
}

void add_vsock(pugi::xml_node devices) {
    pugi::xml_node vsock = add(devices, "vsock", {{"model", "virtio"}});
    add(vsock, "cid", {{"auto", "yes"}});
    add_root_bus_address(vsock, kVsockSlot);
}

void add_devices(pugi::xml_node domain, const VmConfig& config, const HostChoices& host) {
    pugi::xml_node devices = add(domain, "devices");
    if (!config.emulator.empty()) {
        add_text(devices, "emulator", config.emulator);
    }
    add(devices, "controller", {{"type", "usb"}, {"model", "none"}});
    add_ports(devices, config.ports);
    if (config.share && config.share->protocol == sandbox::ShareProtocol::virtio_fs) {
        add_virtio_fs(devices, *config.share);
    }
    if (config.image && !is_mapped(config, host)) {
        add_image_disk(devices, *config.image, config.machine_type);
    }
    if (!config.console_log.empty()) {
        add_console(devices, config.console_log);
    }
    if (config.vsock) {
        add_vsock(devices);
    }
    add_nics(devices, config.nics);
    PciControllers controllers(devices);
    add_pci_ports(controllers, config);
    add_disks(devices, config, controllers);
    add_host_devices(devices, config.host_devices, controllers);
    add_virtio_mem(devices, config);
    add_machine_devices(devices, config.machine);
}

void add_label(pugi::xml_node domain, UserIds user) {
    // Only the model that changes owners is named: SELinux and AppArmor keep their own labels.
    pugi::xml_node label =
        add(domain, "seclabel", {{"type", "static"}, {"model", "dac"}, {"relabel", "no"}});
    add_text(label, "label", fmt::format("+{}:+{}", user.uid, user.gid));
}

}  // namespace

std::string build_domain_xml(const VmConfig& config, const HostChoices& host) {
    validate(config);
    pugi::xml_document document;
    const bool kvm = host.accelerator == Accelerator::kvm;
    pugi::xml_node domain = document.append_child("domain");
    domain.append_attribute("type") = kvm ? "kvm" : "qemu";
    add_identity(domain, config);
    const std::uint64_t image_mib = is_mapped(config, host) ? mapped_mib(*config.image) : 0;
    add_memory(domain, config, image_mib);
    add_cpus(domain, config, host.accelerator, image_mib);
    add_iothreads(domain, config.iothreads);
    add_boot(domain, config, host);
    add_switches(domain, config.machine, host.accelerator);
    add_ends(domain);
    add_devices(domain, config, host);
    if (host.qemu_user) {
        add_label(domain, *host.qemu_user);
    }
    if (config.share && config.share->protocol == sandbox::ShareProtocol::virtio_9p) {
        add_virtio_9p(domain, *config.share);
    }
    if (is_mapped(config, host)) {
        add_mapped_image(domain, *config.image, memory_slots(config, image_mib) - 1);
    }
    std::ostringstream text;
    document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
    return text.str();
}

std::optional<std::uint32_t> vsock_cid(const std::string& live_xml) {
    const auto values =
        select_text(live_xml, "/domain/devices/vsock/cid/@address", "the XML of the VM");
    if (values.empty()) {
        return std::nullopt;
    }
    const std::string& text = values.front();
    std::uint32_t cid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cid);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw Error(ErrorCode::internal,
                    fmt::format("libvirt gives the VM the vsock address \"{}\", not a number",
                                base::printable(text)));
    }
    return cid;
}

}  // namespace kata::libvirt_driver
