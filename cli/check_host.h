// What kata-check and kata-env both begin with: the configuration, the facts of this host, and what
// libvirt answers. Nothing here fails because a part is missing: the facts then say so.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "pkg/host/facts.h"
#include "pkg/sandbox/config.h"

namespace kata::cli {

struct HostReport {
    sandbox::RuntimeConfig config;           // the built-in one if the file cannot be used
    std::filesystem::path config_file;       // the one that counts; empty: none exists
    std::vector<std::string> vain_settings;  // accepted and without effect here; each says why
    host::Host host;
};

/// Asks libvirt, starting its daemon if systemd does so on demand, then probes the host.
[[nodiscard]] HostReport report_host(const GlobalOptions& global);

/// What the configuration asks of a host.
[[nodiscard]] host::Wanted wanted_by(const sandbox::RuntimeConfig& config);

}  // namespace kata::cli
