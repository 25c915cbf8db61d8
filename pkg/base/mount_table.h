// MountTable: the mounts that a process sees, as /proc/<pid>/mountinfo lists them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kata::base {

/// One line; all as the kernel writes it, but with its escapes undone.
struct MountEntry {
    std::string number;  // of the file system's device, "8:16"; a btrfs has one of its own
    std::string root;    // the directory of the file system that is mounted
    std::filesystem::path mount_point;
    std::vector<std::string> options;  // of the mount
    std::vector<std::string> tags;     // "shared:7", "master:3", ...
    std::string fs_type;
    std::string source;
    std::vector<std::string> fs_options;  // of the file system
};

/// In the order of the file: what covers another mount comes after it. Lines that are none are
/// passed over.
[[nodiscard]] std::vector<MountEntry> parse_mount_table(std::string_view mountinfo);

/// A path as /proc writes it: blanks, tabs, newlines and backslashes are \ooo.
[[nodiscard]] std::string unescaped(std::string_view text);

}  // namespace kata::base
