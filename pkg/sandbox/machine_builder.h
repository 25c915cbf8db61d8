// From the configuration to the machine of a VM: pure functions, and the two that look at the host
// for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/machine_options.h"

namespace kata::sandbox {

struct RuntimeConfig;

/// A NUMA node of the host.
struct HostNode {
    unsigned number = 0;
    unsigned cpus = 0;
};

/// What of the host decides about a VM's machine.
struct HostLayout {
    std::uint64_t huge_page_mib = 2;
    std::vector<HostNode> nodes;          // those with CPUs
    bool transparent_huge_pages = false;  // the kernel makes them in shared memory, too
};

/// @param root "/" or, in tests, a directory that holds proc and sys.
[[nodiscard]] HostLayout host_layout(const std::filesystem::path& root);

/// Gives `vm`, whose size and kernel parameters are set, the machine that `options` describe: its
/// memory is rounded up to whole huge pages and divided among its nodes.
/// @return warnings, one line each.
/// @throws base::Error invalid_argument for options that cannot be obeyed (contradiction_in() finds
/// those that do not depend on the host when the configuration is read).
[[nodiscard]] std::vector<std::string> fit_machine(VmConfig& vm,
                                                   const MachineOptions& options,
                                                   const HostLayout& host);

/// @param config the sandbox's, with its annotations.
[[nodiscard]] VmIdentity vm_identity(const RuntimeConfig& config, const std::string& uuid);

/// Lets `firmware` and `firmware_volume` be what `pflashes` lists.
void replace_pflashes(MachineOptions& options);

/// What keeps the machine from being built although each key is right; empty: nothing.
[[nodiscard]] std::string machine_contradiction(const RuntimeConfig& config);

/// @throws base::Error naming the key of a file that is not there, or not what it must be.
void require_machine_files(const MachineOptions& options);

}  // namespace kata::sandbox
