// Devices of a host's spec that mean something in the guest. A pure function of their numbers: the
// guest has the nodes every Linux kernel has under the same numbers, and of the host's hardware
// only the disks that it is given (disk_plan.h).
//
//   memory devices   null, zero, full, random, urandom, kmsg, mem
//   terminals        tty, console, ptmx, pseudo-terminals
//   others           /dev/net/tun, /dev/fuse, /dev/hwrng; FIFOs
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/guest_volumes.h"

namespace kata::sandbox {

/// @param type c, b, u or p, as in a spec.
[[nodiscard]] bool exists_in_guest(const std::string& type, std::int64_t major, std::int64_t minor);

/// The access that the rules for the very numbers of this device give, each letter once; empty: it
/// is not asked for by name, as the hundreds of devices of a privileged container are not.
[[nodiscard]] std::string explicit_access(const oci::Spec& spec, const oci::Device& device);

/// Takes what the guest does not have out of `devices` and out of the rules of `resources.devices`
/// of an OCI "linux" section; rules with wildcards and rules that deny stay.
/// @param disks nodes that are disks of the VM: they stay, and the guest sets their numbers and
/// rules.
void keep_guest_devices(nlohmann::json& linux_section,
                        const std::vector<GuestDiskNode>& disks = {});

/// One line for each device that is left out; a single one, with their number, for a spec that
/// allows everything (--privileged), where nobody has asked for each of them.
/// @param passed_on paths of other nodes whose hardware the VM has.
[[nodiscard]] std::vector<std::string> warnings_of_devices(
    const oci::Spec& spec,
    const std::vector<GuestDiskNode>& disks = {},
    const std::vector<std::string>& passed_on = {});

}  // namespace kata::sandbox
