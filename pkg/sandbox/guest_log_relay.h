// The way of the guest's lines into the runtime's log, for which enable_debug below [agent.kata]
// and [hypervisor.qemu] ask. QEMU writes what the guest prints to console.log; no process of ours
// lives as long as the guest and has the log, so each command for the sandbox passes on what has
// come since the one before it, and delete the rest.
//
// The guest is not trusted: a command passes on so many bytes at most, and lines are cut and
// cleared of control sequences. Where a line comes from is what it looks like.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/log.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/state_store.h"

namespace kata::sandbox {

/// A line of the console: kata-agent's ("kata-agent: [debug: ]..."), the kernel's ("<6>[ 0.1] ...",
/// as console_msg_format=syslog has it), or anybody's. nullopt for one without text.
[[nodiscard]] std::optional<base::RelayedLine> relayed_line(std::string_view line,
                                                            const std::string& sandbox_id);

/// Passes on what the configuration asks for. Trouble with that is a warning in the log.
void relay_guest_log(const RuntimeConfig& config,
                     const ContainerPlace& place,
                     base::Log& log) noexcept;

}  // namespace kata::sandbox
