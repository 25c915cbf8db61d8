// Roots: where the host's file trees are. The running system's by default; in tests, or for a
// machine whose disk is mounted somewhere, directories that look like them. Passive: nothing is
// opened here.
#pragma once

#include <filesystem>

namespace kata::host {

struct Roots {
    std::filesystem::path proc = "/proc";
    std::filesystem::path sys = "/sys";
    std::filesystem::path dev = "/dev";
    std::filesystem::path etc = "/etc";
    std::filesystem::path usr = "/usr";
    std::filesystem::path var = "/var";
    std::filesystem::path run = "/run";
    std::filesystem::path rest = "/";  // every other directory

    /// All trees below one directory. @param directory absolute
    [[nodiscard]] static Roots below(const std::filesystem::path& directory);

    /// Whether these are the running system's: only then may a probe try things out.
    [[nodiscard]] bool is_this_host() const;

    /// Where the host's file `path` is found. @param path absolute, as the host itself names it
    [[nodiscard]] std::filesystem::path at(const std::filesystem::path& path) const;
};

}  // namespace kata::host
