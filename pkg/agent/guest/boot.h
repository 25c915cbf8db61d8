// What pid 1 does before it serves: mounts, modules, the guest's own settings. Only main() calls
// this.
#pragma once

#include <string>
#include <vector>

namespace kata::agent::guest {

/// Makes the running system one that crun can work in. Must be called once, first, as pid 1 of an
/// initrd or of an image, whose root may be read-only. What is missing afterwards is reported on
/// the console; only the loss of /, /proc, /dev or /sys throws.
void boot();

/// The paths in a module list: one a line, '#' begins a comment.
[[nodiscard]] std::vector<std::string> parse_module_list(const std::string& text);

/// Loads a kernel module; one that is loaded is fine. @throws base::Error naming it.
void load_module(const std::string& path);

/// Loads each of the modules; the failure of one is logged, and the next is tried.
void try_modules(const std::vector<std::string>& paths);

/// Never returns: syncs and switches the VM off.
[[noreturn]] void power_off();

}  // namespace kata::agent::guest
