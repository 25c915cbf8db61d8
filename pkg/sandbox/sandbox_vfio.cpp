#include "pkg/sandbox/sandbox_vfio.h"

#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/base/access_list.h"
#include "pkg/base/error.h"
#include "pkg/sandbox/disk_access.h"
#include "pkg/sandbox/machine_builder.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

/// Groups that the VM has, by their names.
std::set<std::string> present_groups(const ContainerPlace& place,
                                     const std::string& vm_uuid,
                                     base::Log& log) {
    std::set<std::string> present;
    for (const Effect& effect : Journal::load(place.journal(), log)) {
        if (effect.kind != Effect::Kind::vfio) {
            continue;
        }
        const VfioEffect group = parse_vfio_effect(effect.object);
        if (group.vm_uuid == vm_uuid) {
            present.insert(group.name);
        }
    }
    return present;
}

}  // namespace

std::string to_text(const VfioEffect& effect) {
    json document{{"vm", effect.vm_uuid},
                  {"name", effect.name},
                  {"node", effect.node.native()},
                  {"devices", effect.devices},
                  {"claims", effect.claims}};
    if (effect.listed_user) {
        document["user"] = *effect.listed_user;
    }
    return document.dump();
}

VfioEffect parse_vfio_effect(const std::string& text) {
    try {
        const json document = json::parse(text);
        VfioEffect effect;
        effect.vm_uuid = document.at("vm").get<std::string>();
        effect.name = document.at("name").get<std::string>();
        effect.node = document.at("node").get<std::string>();
        effect.devices = document.at("devices").get<std::vector<std::string>>();
        effect.claims = document.value("claims", std::vector<std::string>{});
        if (document.contains("user")) {
            effect.listed_user = document.at("user").get<uid_t>();
        }
        return effect;
    } catch (const json::exception& error) {
        throw Error(ErrorCode::internal, "cannot read a device of the journal", error.what());
    }
}

void take_group(const VfioEffect& effect) {
    if (effect.listed_user) {
        base::revoke_access(effect.node, *effect.listed_user);
    }
    for (const std::string& claim : effect.claims) {
        release_claim(claim);
    }
}

void SandboxVfio::give(const PlannedGroup& group, const std::string& vm_uuid, const VmUser& user) {
    VfioEffect effect{vm_uuid, group.name, group.node, std::nullopt, {}, {}};
    for (const VmHostDevice& device : group.devices) {
        effect.devices.push_back(device.name);
    }
    for (const HardwareVolume& volume : group.volumes) {
        effect.claims.push_back(volume.claim.native());
    }
    if (!may_use(user, group.node)) {
        effect.listed_user = user.uid;
    }
    context_.journal.record(Effect::Kind::vfio, to_text(effect));
    for (const HardwareVolume& volume : group.volumes) {
        context_.claim_volume(volume.volume);
    }
    if (effect.listed_user) {
        base::grant_access(group.node, user.uid, base::kReadAccess | base::kWriteAccess);
    }
}

std::vector<VmHostDevice> SandboxVfio::provide(const std::string& vm_uuid) {
    std::vector<VmHostDevice> devices;
    if (plan_.groups.empty()) {
        return devices;
    }
    const VmUser user =
        context_.vm.hypervisor().vm_user(vm_identity(context_.config, vm_uuid),
                                         base::Deadline::after(context_.config.libvirt_timeout));
    const auto present = present_groups(context_.place, vm_uuid, context_.log);
    for (const PlannedGroup& group : plan_.groups) {
        if (!present.contains(group.name)) {
            give(group, vm_uuid, user);
            devices.insert(devices.end(), group.devices.begin(), group.devices.end());
        }
    }
    return devices;
}

void SandboxVfio::plug(const std::string& vm_uuid) {
    for (const VmHostDevice& device : provide(vm_uuid)) {
        context_.vm.hypervisor().plug_host_device(
            vm_uuid, device, base::Deadline::after(context_.config.libvirt_timeout));
    }
}

void locate_in_guest(DiskPlan& plan,
                     VmBackend& vm,
                     const ContainerPlace& place,
                     base::Deadline deadline) {
    std::vector<std::string> names = disks_without_serial(plan);
    for (const GuestHostDevice& device : plan.guest.host_devices) {
        names.push_back(device.name);
    }
    if (!names.empty()) {
        const std::string uuid = StateStore::load_sandbox(place).vm_uuid;
        locate(plan.guest, names, vm.hypervisor().pci_paths(uuid, names, deadline));
    }
}

}  // namespace kata::sandbox
