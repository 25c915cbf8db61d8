// Connecting a VM to an interface of its container's network namespace: the effects on the host,
// each with its undoing. Nothing is journaled here; who calls does that first.
//
// Two namespaces are at work: the container's, with the interface, and libvirt's, where it makes
// taps and opens macvtaps.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/network/endpoint.h"

namespace kata::sandbox {

struct NetworkNamespaces {
    base::FdRef container;
    base::FdRef libvirt;
};

/// @throws base::Error already_exists if the interface belongs to another VM, invalid_state if
/// something else has taken over what arrives at it. What a dead VM has left is fine.
void require_free(base::FdRef container, const NetworkEndpoint& endpoint);

/// tcfilter, after libvirt has made the tap: moves it and joins it with the interface. A limit of
/// what the guest receives is the tap's and ends with it, one of what it sends is the interface's.
void join_tap(const NetworkNamespaces& namespaces,
              const NetworkEndpoint& endpoint,
              const RateLimits& limits);

/// macvtap, before libvirt opens it: makes it on the interface, in libvirt's namespace.
void make_macvtap(const NetworkNamespaces& namespaces, const NetworkEndpoint& endpoint);

/// A tap's interface gets back what arrives at it, and its limit goes; a tap itself ends with its
/// VM, and an interface that no longer exists is fine.
void release_interface(base::FdRef container, const NetworkEndpoint& endpoint);

/// The redirection in a namespace that outlives the VM, as text for a journal.
struct JournaledTraffic {
    std::string name_space;  // path
    unsigned long device = 0;
    unsigned long inode = 0;
    std::string interface;
    std::string tap;
};
[[nodiscard]] std::string to_json_text(const JournaledTraffic& traffic);

/// Undoes what `text` describes, if that very namespace and interface still exist and no other VM
/// has them by now.
void undo_traffic(const std::string& text);

/// Deletes a macvtap in libvirt's namespace. One that is gone is fine.
void undo_macvtap(const std::string& name);

/// Whether it is the host's network namespace: that of process 1, libvirt's, or ours. A VM that
/// were connected to the interfaces there would cut off the host. false: also for a path that
/// cannot be looked at.
[[nodiscard]] bool is_host_network(const std::filesystem::path& name_space);

/// The namespace that libvirt makes its devices in, while no VM of the sandbox tells: that of its
/// daemon, or ours where the daemon cannot be found.
[[nodiscard]] base::UniqueFd open_libvirt_namespace();

}  // namespace kata::sandbox
