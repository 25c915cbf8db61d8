#include "pkg/agent/guest/guest_log.h"

#include <unistd.h>

#include <exception>
#include <string>

#include "pkg/base/error.h"

namespace kata::agent::guest {

void log_error(std::string_view message) noexcept {
    try {
        const std::string line = "kata-agent: " + base::printable(message) + "\n";
        [[maybe_unused]] const ssize_t written = ::write(2, line.data(), line.size());
    } catch (const std::exception&) {
        return;  // out of memory: nothing can be said
    }
}

}  // namespace kata::agent::guest
