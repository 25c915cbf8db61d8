// From VmConfig to libvirt's domain XML: a pure function, pinned by golden files.
//
// The domain has only the devices a sandbox uses: no USB, video, balloon, graphics or network of
// libvirt's choice. (A PS/2 controller, a SATA or IDE controller and an audio back end without a
// device are parts of the machine types and cannot be removed through libvirt 9.0.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pkg/libvirt-driver/qemu_user.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// The XML namespace of our <metadata> element; its children are <id> and <stateDirectory>.
inline constexpr const char* kMetadataNamespace = "urn:kata-runtime:sandbox:1";

/// What the host decides and VmConfig leaves open.
struct HostChoices {
    sandbox::Accelerator accelerator = sandbox::Accelerator::tcg;  // kvm or tcg
    // QEMU's user, written down because only a written label lets libvirt leave the owner of
    // kernel, initrd and sockets alone. None where the daemon does not change users.
    std::optional<UserIds> qemu_user;
    bool confined = false;  // QEMU can open only what libvirt's own elements name
};

/// @throws Error invalid_argument for what cannot be expressed: an unknown machine type, no memory,
/// a socket path over 107 bytes, a control character in any text.
[[nodiscard]] std::string build_domain_xml(const sandbox::VmConfig& config,
                                           const HostChoices& host);

/// The context id libvirt gave the vsock device, from a running domain's XML. nullopt if there is
/// none.
[[nodiscard]] std::optional<std::uint32_t> vsock_cid(const std::string& live_xml);

}  // namespace kata::libvirt_driver
