#include "pkg/libvirt-driver/machine_xml.h"

#include <optional>
#include <string>

#include "pkg/libvirt-driver/xml_build.h"

namespace kata::libvirt_driver {
namespace {

using sandbox::Accelerator;
using sandbox::PciPort;
using sandbox::VmConfig;
using sandbox::VmMachine;

void add_switch(pugi::xml_node features, const char* name, std::optional<bool> on) {
    if (on) {
        add(features, name, {{"state", on_off(*on)}});
    }
}

// An IOMMU that remaps interrupts needs the I/O APIC in QEMU, where it is anyway under emulation.
void add_irqchip(pugi::xml_node features, const VmMachine& machine, Accelerator accelerator) {
    const bool split = machine.switches.split_irqchip.value_or(false) || machine.iommu;
    if (accelerator == Accelerator::kvm && (split || machine.switches.split_irqchip)) {
        add(features, "ioapic", {{"driver", split ? "qemu" : "kvm"}});
    }
}

}  // namespace

void validate_machine(const VmMachine& machine) {
    require_plain_text("firmware path", machine.firmware.program.native());
    require_plain_text("firmware path", machine.firmware.variables.native());
    require_plain_text("entropy source", machine.entropy_source.native());
    for (const sandbox::CpuFeature& feature : machine.cpu_features) {
        require_plain_text("CPU feature", feature.name);
    }
    for (const sandbox::VmNode& node : machine.nodes) {
        require_plain_text("list of NUMA nodes", node.host_nodes);
    }
}

void add_firmware(pugi::xml_node os, const sandbox::VmFirmware& firmware) {
    if (firmware.program.empty()) {
        return;
    }
    if (firmware.variables.empty()) {
        add_text(os, "loader", firmware.program.native(), {{"type", "rom"}});
        return;
    }
    add_text(os, "loader", firmware.program.native(), {{"readonly", "yes"}, {"type", "pflash"}});
    add_text(os, "nvram", firmware.variables.native());
}

void add_switches(pugi::xml_node domain, const VmMachine& machine, Accelerator accelerator) {
    pugi::xml_node features = add(domain, "features");
    add(features, "acpi");  // the power button of `virsh shutdown`
    add_switch(features, "pmu", machine.switches.pmu);
    add_switch(features, "smm", machine.switches.smm);
    add_irqchip(features, machine, accelerator);
    add_switch(features, "vmport", machine.switches.vmport.value_or(false));
    pugi::xml_node clock = add(domain, "clock", {{"offset", "utc"}});
    const bool hpet = machine.switches.hpet.value_or(false);
    add(clock, "timer", {{"name", "hpet"}, {"present", hpet ? "yes" : "no"}});
}

void add_pci_ports(PciControllers& controllers, const VmConfig& config) {
    const bool express = config.machine_type == "q35";
    for (unsigned i = 0; express && i < config.hotplug_ports; ++i) {
        controllers.add_port(PciPort::root);
    }
    for (unsigned i = 0; i < config.machine.bridges; ++i) {
        if (express) {
            controllers.add_port(PciPort::root);
        }
        controllers.add(express ? "pcie-to-pci-bridge" : "pci-bridge");
    }
    for (unsigned i = 0; i < config.machine.switch_ports; ++i) {
        controllers.add_port(PciPort::of_switch);
    }
}

void add_machine_devices(pugi::xml_node devices, const VmMachine& machine) {
    if (!machine.entropy_source.empty()) {
        pugi::xml_node rng = add(devices, "rng", {{"model", "virtio"}});
        add_text(rng, "backend", machine.entropy_source.native(), {{"model", "random"}});
        add_root_bus_address(rng, kRngSlot);
    }
    if (machine.memory.reports_free) {
        pugi::xml_node balloon =
            add(devices, "memballoon", {{"model", "virtio"}, {"freePageReporting", "on"}});
        add_root_bus_address(balloon, kBalloonSlot);
    } else {
        add(devices, "memballoon", {{"model", "none"}});
    }
    if (machine.iommu) {
        add(devices, "iommu", {{"model", "intel"}});
    }
}

}  // namespace kata::libvirt_driver
