#include "pkg/agent/guest/guest_log.h"

#include <unistd.h>

#include <atomic>
#include <exception>
#include <string>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

std::atomic<bool> debug_enabled = false;

void write_line(std::string_view prefix, std::string_view message) noexcept {
    try {
        const std::string line = std::string(prefix) + base::printable(message) + "\n";
        [[maybe_unused]] const ssize_t written = ::write(2, line.data(), line.size());
    } catch (const std::exception&) {
        return;  // out of memory: nothing can be said
    }
}

}  // namespace

void log_error(std::string_view message) noexcept {
    write_line("kata-agent: ", message);
}

void log_debug(std::string_view message) noexcept {
    if (debug_enabled) {
        write_line("kata-agent: debug: ", message);
    }
}

void enable_debug_log() noexcept {
    debug_enabled = true;
}

}  // namespace kata::agent::guest
