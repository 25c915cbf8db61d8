// Configuration files as they are on disk: which ones are read, that nobody else may write them,
// and each of their settings with the line it stands on. What settings do is not for here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/sandbox/config/key.h"

namespace kata::sandbox {

/// One line of a file, or an annotation.
struct Setting {
    const ConfigKey* key = nullptr;  // of the table, never nullptr
    std::string name;                // dotted, as it was written: key may stand for a whole section
    ConfigValue value;
    std::filesystem::path file;
    std::uint32_t line = 0;
    std::string annotation{};  // its name, of what no file has set
};

/// Every setting of a file, in no particular order.
/// @throws base::Error naming file and line: it cannot be opened (not_found, ...), others than root
/// and the caller may write it (permission_denied), it is no TOML, or a key or its value is not one
/// of the table's (invalid_argument, with the allowed values or the nearest key).
[[nodiscard]] std::vector<Setting> read_config_file(const std::filesystem::path& file);

/// The value that a key has if no file names it.
[[nodiscard]] ConfigValue default_value(const ConfigKey& key);

/// The files config.d/*.toml beside `file` (beside what it points to, if it is a symbolic link),
/// ordered by name. No such directory: none.
/// @throws base::Error permission_denied if others may write the directory.
[[nodiscard]] std::vector<std::filesystem::path> drop_ins_of(const std::filesystem::path& file);

}  // namespace kata::sandbox
