// Files and directories of the host that the configuration shares with every guest
// (sandbox_bind_mounts), outside of all containers: hooks and tools of the guest's, for example.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/share.h"

namespace kata::sandbox {

/// Below kGuestShareDir; the guest finds each by its base name there.
inline constexpr const char* kSandboxMountsDir = "sandbox-mounts";

struct SandboxBindMount {
    std::filesystem::path path;  // absolute, without a slash at the end
    bool read_only = true;       // unless ":rw" follows the path
    bool operator==(const SandboxBindMount&) const = default;
};

[[nodiscard]] SandboxBindMount parse_sandbox_bind_mount(const std::string& text);

/// What cannot be used about the list: a path that is not absolute, or two of the same base name;
/// empty: nothing.
[[nodiscard]] std::string complaint_about_bind_mounts(const std::vector<std::string>& list);

/// Binds them into the share of a new sandbox. Read-only is enforced on the host.
/// @throws base::Error naming the path and the key.
void share_sandbox_bind_mounts(const std::vector<std::string>& list,
                               const Share& share,
                               Journal& journal);

}  // namespace kata::sandbox
