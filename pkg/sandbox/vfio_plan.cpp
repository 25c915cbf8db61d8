#include "pkg/sandbox/vfio_plan.h"

#include <algorithm>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/devices.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;

PlannedGroup planned(const IommuGroup& group, PciPort port, const HostView& host) {
    const std::string number = std::to_string(group.number);
    PlannedGroup planned{"vfio-" + number, host.dev / "vfio" / number, {}, {}};
    for (const IommuDevice& device : group.devices) {
        planned.devices.push_back(
            {host_device_name(device.address), device.address, device.mediated, port});
    }
    return planned;
}

PciPort require_port(const VfioPlug& plug) {
    if (!plug.port) {
        throw Error(ErrorCode::unsupported,
                    "it is hardware of the host, and " + plug.key +
                        " in configuration.toml is \"no-port\"; set it to \"root-port\" (on a "
                        "machine of type pc to \"bridge-port\") to give it to the VM");
    }
    return *plug.port;
}

// The group of this name, which is added if it is not there.
PlannedGroup& group_in(VfioPlan& plan, PlannedGroup group) {
    const auto known = std::ranges::find(plan.groups, group.name, &PlannedGroup::name);
    return known != plan.groups.end() ? *known : plan.groups.emplace_back(std::move(group));
}

void give_nodes_of(VfioPlan& plan, const PlannedGroup& group, const std::string& access) {
    const bool given =
        std::ranges::find(plan.guest, group.name, &GuestHostDevice::group) != plan.guest.end();
    for (const VmHostDevice& device : group.devices) {
        if (!given) {
            plan.guest.push_back({device.name, "", group.name, access});
        }
    }
}

void plan_volume(VfioPlan& plan,
                 const HardwareVolume& volume,
                 const VfioPlug& plug,
                 const HostView& host) {
    try {
        const PciPort port = require_port(plug);
        group_in(plan, planned(assignable_group(volume.iommu_group, host), port, host))
            .volumes.push_back(volume);
    } catch (const Error& error) {
        throw error.with_context("direct volume " + quoted(volume.volume));
    }
}

std::string complaint_about(const char* key, PciPort port, const RuntimeConfig& config) {
    const std::string setting =
        std::string("\"hypervisor.qemu.") + key + "\" = \"" + pci_port_word(port) + "\" ";
    if (port == PciPort::bridge && config.machine.default_bridges == 0) {
        return setting + "needs a \"default_bridges\" of at least 1";
    }
    if (port != PciPort::bridge && config.machine_type != "q35") {
        return setting + "goes with \"machine_type\" = \"q35\" only; a pc has \"bridge-port\"";
    }
    return "";
}

// What a VM starts with has ports of its own.
std::string complaint_about_room(const RuntimeConfig& config) {
    const auto port = config.machine.hot_plug_vfio;
    if (port == PciPort::root && config.pcie_root_ports == 0) {
        return "\"hypervisor.qemu.hot_plug_vfio\" = \"root-port\" needs a \"pcie_root_port\" of at "
               "least 1";
    }
    if (port == PciPort::of_switch && config.machine.pcie_switch_ports == 0) {
        return "\"hypervisor.qemu.hot_plug_vfio\" = \"switch-port\" needs a \"pcie_switch_port\" "
               "of at least 1";
    }
    return "";
}

}  // namespace

const char* pci_port_word(const std::optional<PciPort>& port) {
    if (!port) {
        return "no-port";
    }
    switch (*port) {
        case PciPort::bridge:
            return "bridge-port";
        case PciPort::root:
            return "root-port";
        case PciPort::of_switch:
            return "switch-port";
    }
    return "";
}

VfioPlug vfio_plug(const RuntimeConfig& config, bool joins_pod) {
    if (!joins_pod && config.machine.cold_plug_vfio) {
        return {config.machine.cold_plug_vfio, true, "cold_plug_vfio"};
    }
    return {config.machine.hot_plug_vfio, false, joins_pod ? "hot_plug_vfio" : "cold_plug_vfio"};
}

VfioPlan plan_vfio(const oci::Spec& spec,
                   const std::vector<HardwareVolume>& volumes,
                   const VfioPlug& plug,
                   const HostView& host) {
    VfioPlan plan;
    for (const HardwareVolume& volume : volumes) {
        plan_volume(plan, volume, plug, host);
    }
    if (!spec.linux_) {
        return plan;
    }
    for (const oci::Device& device : spec.linux_->devices) {
        const std::string access = explicit_access(spec, device);
        const auto number = access.empty() ? std::nullopt : group_of_node(device, host);
        if (!number) {
            continue;
        }
        try {
            const PciPort port = require_port(plug);
            give_nodes_of(
                plan, group_in(plan, planned(assignable_group(*number, host), port, host)), access);
        } catch (const Error& error) {
            throw error.with_context("device " + quoted(device.path));
        }
        plan.nodes.push_back(device.path);
    }
    for (const oci::Device& device : spec.linux_->devices) {
        if (!plan.groups.empty() && is_vfio_container(device)) {
            plan.nodes.push_back(device.path);
        }
    }
    return plan;
}

std::string vfio_contradiction(const RuntimeConfig& config) {
    const MachineOptions& options = config.machine;
    std::string complaint;
    if (options.cold_plug_vfio) {
        complaint = complaint_about("cold_plug_vfio", *options.cold_plug_vfio, config);
    }
    if (complaint.empty() && options.hot_plug_vfio) {
        complaint = complaint_about("hot_plug_vfio", *options.hot_plug_vfio, config);
    }
    return complaint.empty() ? complaint_about_room(config) : complaint;
}

}  // namespace kata::sandbox
