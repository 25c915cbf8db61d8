// The name of a direct-assigned volume: the path that a container's mount has for its source. It
// is a key, nothing need exist there. On disk it is one directory named after it in base64url with
// padding, so that no path can lead elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kata::sandbox {

/// Not empty, absolute, without "..", without control characters, and short enough for a
/// directory's name.
[[nodiscard]] bool can_be_volume_path(std::string_view path);

/// @throws base::Error invalid_argument saying which of these is not so.
void require_volume_path(std::string_view path);

/// The name of the directory; of any text.
[[nodiscard]] std::string encoded_volume_path(std::string_view path);

/// The path a directory's name stands for, whoever made it; nullopt if it is no such name.
[[nodiscard]] std::optional<std::string> volume_path_of(std::string_view key);

/// What is wrong with a path of the host that somebody has written: "is empty", "is not absolute",
/// ...; nullopt if nothing is.
[[nodiscard]] std::optional<std::string> flaw_of_path(std::string_view path);

}  // namespace kata::sandbox
