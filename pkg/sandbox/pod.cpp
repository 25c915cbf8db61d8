#include "pkg/sandbox/pod.h"

#include <filesystem>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/oci/annotations.h"
#include "pkg/sandbox/disk_access.h"
#include "pkg/sandbox/sandbox_vfio.h"

namespace kata::sandbox {
namespace {

template <typename Visit>
void for_each_neighbour(const ContainerPlace& place, Visit visit) {
    std::error_code failure;
    for (const auto& entry :
         std::filesystem::directory_iterator(place.sandbox_dir / "containers", failure)) {
        if (entry.path().filename() != place.id.str()) {
            visit(entry.path());
        }
    }
}

template <typename Visit>
void for_each_record(const ContainerPlace& place, Visit visit) {
    for_each_neighbour(place, [&](const std::filesystem::path& directory) {
        try {
            ContainerPlace other = place;
            other.container_dir = directory;
            visit(StateStore::load_container(other));
        } catch (const base::Error&) {
            return;  // one that is only being created has nothing to share yet
        }
    });
}

bool is_network_of(const ContainerPlace& place, const oci::Spec& spec) {
    try {
        const base::ProcessId shim = StateStore::load_container(place).shim;
        return base::is_alive(shim) && joins_network_of(spec, shim.pid);
    } catch (const base::Error&) {
        return false;  // one that is only being created has no network yet
    }
}

std::optional<std::string> heir_of(const Effect& effect, const DiskHeirs& heirs) {
    std::string name;
    if (effect.kind == Effect::Kind::disk) {
        name = parse_disk_effect(effect.object).serial;
    } else if (effect.kind == Effect::Kind::vfio) {
        name = parse_vfio_effect(effect.object).name;
    }
    const auto heir = heirs.find(name);
    return heir == heirs.end() ? std::nullopt : std::optional(heir->second);
}

std::optional<ContainerPlace> owner_of_network(const StateStore& store, const oci::Spec& spec) {
    const oci::Namespace* wanted = oci::find_namespace(spec, "network");
    if (wanted == nullptr || wanted->path.empty()) {
        return std::nullopt;
    }
    for (const oci::ContainerId& id : store.ids()) {
        if (auto place = store.find(id); place && is_network_of(*place, spec)) {
            return place;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<ContainerPlace> sandbox_to_join(const StateStore& store, const oci::Spec& spec) {
    const oci::PodRole role = oci::pod_role_of(spec.annotations);
    if (role.type == oci::ContainerType::pod_container && !role.sandbox_id.empty()) {
        return store.find(oci::ContainerId(role.sandbox_id));
    }
    return owner_of_network(store, spec);
}

std::vector<PodMember> pod_members(const ContainerPlace& place) {
    std::vector<PodMember> members;
    for_each_record(place, [&](const ContainerRecord& record) {
        members.push_back({record.id, base::is_alive(record.shim) ? record.shim.pid : 0});
    });
    return members;
}

DiskHeirs heirs_of_disks(const ContainerPlace& place) {
    DiskHeirs heirs;
    for_each_record(place, [&](const ContainerRecord& record) {
        for (const std::string& serial : record.disks) {
            heirs.emplace(serial, record.id);
        }
    });
    return heirs;
}

bool has_neighbours(const ContainerPlace& place) {
    bool found = false;
    for_each_neighbour(place, [&](const std::filesystem::path&) { found = true; });
    return found;
}

EffectShares divide_effects(std::vector<Effect> effects,
                            const std::string& container_id,
                            bool owns_sandbox,
                            const DiskHeirs& heirs) {
    EffectShares shares;
    for (Effect& effect : effects) {
        const bool own = effect.container_id == container_id;
        if (const auto heir = own ? heir_of(effect, heirs) : std::nullopt) {
            effect.container_id = *heir;
            shares.others.push_back(std::move(effect));
            continue;
        }
        const bool holds_vm = owns_sandbox && (effect.kind == Effect::Kind::cgroup ||
                                               effect.kind == Effect::Kind::scope);
        if (own && !holds_vm) {
            shares.own.push_back(std::move(effect));
            continue;
        }
        if (own) {
            effect.container_id.clear();
        }
        shares.others.push_back(std::move(effect));
    }
    return shares;
}

void undo_one_of_pod(const ContainerPlace& place, bool owns_sandbox, const UndoContext& context) {
    const EffectShares shares = divide_effects(Journal::load(place.journal(), context.log),
                                               place.id.str(),
                                               owns_sandbox,
                                               heirs_of_disks(place));
    UndoContext one_of_several = context;
    one_of_several.vm_goes_on = true;
    undo_effects(shares.own, one_of_several);
    Journal::rewrite(place.journal(), shares.others);
}

}  // namespace kata::sandbox
