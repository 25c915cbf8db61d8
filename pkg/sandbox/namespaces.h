// GuestNamespaces: what the namespaces of a host's spec mean for a container in a VM. Data, made by
// comparing the paths of the spec with the namespaces of living kata-shims; joining them is the
// shim's (on the host) and crun's (in the guest).
//
//   new (no path)               a new one, in the guest as on the host
//   a member's of the same pod  that member's, in the guest as on the host
//   the host's, or left out     the guest's own: the VM stands for the host
//   anybody else's              refused: a namespace does not reach from one VM into another
//
// The network is the VM's for every container in it, so a member of a pod has to name the pod's.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"

namespace kata::sandbox {

/// A container that shares our VM, and its kata-shim on the host.
struct PodMember {
    std::string id;
    pid_t shim = 0;
};

struct GuestNamespaces {
    std::map<std::string, std::string> of_member;  // type -> id of the member whose it is
    std::set<std::string> of_guest;                // types for which the guest's own is meant
};

/// How the guest's spec names the namespace of another container; kata-agent replaces it by a path.
inline constexpr const char* kMemberNamespacePrefix = "container:";

/// @param members the living containers of the pod that is joined; empty for a VM of its own.
/// @param joins_pod whether there is a pod at all.
/// @throws base::Error unsupported for a namespace that cannot be shared, saying what to use
/// instead; by errno if a path cannot be looked at.
[[nodiscard]] GuestNamespaces resolve_namespaces(const oci::Spec& spec,
                                                 const std::vector<PodMember>& members,
                                                 bool joins_pod);

/// Whether the spec joins the network namespace of a process (docker run --network container:X).
/// @param process a living kata-shim. A namespace that cannot be looked at is nobody's.
[[nodiscard]] bool joins_network_of(const oci::Spec& spec, pid_t process);

}  // namespace kata::sandbox
