// Messages for whoever reads the guest's console. Only trouble is reported: a healthy guest is
// silent.
#pragma once

#include <string_view>

namespace kata::agent::guest {

/// "kata-agent: <message>" as one printable line on standard error, which is the console for pid 1.
void log_error(std::string_view message) noexcept;

}  // namespace kata::agent::guest
