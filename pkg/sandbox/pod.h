// A pod on disk: the containers that share one sandbox, and what of the journal is whose.
// Functions over the state store's directories; the caller holds the sandbox's lock.
//
// Who undoes what: an effect with a container id is undone when that container is deleted; one
// without (the VM, the share, the network) with the last container. The cgroups of the container
// that owns the sandbox become the sandbox's if it is deleted before others, because QEMU is
// accounted in them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/namespaces.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/undo.h"

namespace kata::sandbox {

/// The container whose VM a new one joins; nullopt: it gets a VM of its own. That is the sandbox an
/// engine's annotations name, or the container whose network namespace the spec joins (`--network
/// container:X`), because one network cannot belong to two VMs. An annotated sandbox that nobody
/// knows (podman's pods without an infra container) means a VM of its own.
[[nodiscard]] std::optional<ContainerPlace> sandbox_to_join(const StateStore& store,
                                                            const oci::Spec& spec);

/// The other containers of the sandbox whose records can be read.
[[nodiscard]] std::vector<PodMember> pod_members(const ContainerPlace& place);

/// Whether any other container, even one that is only being created, is in the sandbox.
[[nodiscard]] bool has_neighbours(const ContainerPlace& place);

/// For each disk of the VM that other containers of the sandbox use, by its serial, one of them.
using DiskHeirs = std::map<std::string, std::string>;
[[nodiscard]] DiskHeirs heirs_of_disks(const ContainerPlace& place);

/// The effects that are the container's alone, in their order, and all others.
struct EffectShares {
    std::vector<Effect> own;
    std::vector<Effect> others;
};
[[nodiscard]] EffectShares divide_effects(std::vector<Effect> effects,
                                          const std::string& container_id,
                                          bool owns_sandbox,
                                          const DiskHeirs& heirs = {});

/// Undoes what is the container's alone and takes it out of the journal.
void undo_one_of_pod(const ContainerPlace& place, bool owns_sandbox, const UndoContext& context);

}  // namespace kata::sandbox
