// Messages for whoever reads the guest's console. Only trouble is reported, and the agent's steps
// if the guest was booted to tell them: a healthy guest is silent otherwise.
#pragma once

#include <string_view>

namespace kata::agent::guest {

/// "kata-agent: <message>" as one printable line on standard error, which is the console for pid 1.
void log_error(std::string_view message) noexcept;

/// "kata-agent: debug: <message>", after enable_debug_log() only.
void log_debug(std::string_view message) noexcept;

void enable_debug_log() noexcept;

}  // namespace kata::agent::guest
