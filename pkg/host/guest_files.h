// What a guest's kernel, initrd or image is, told from its bytes. Nothing is unpacked.
#pragma once

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// @param path as the host names it. @param user who has to read it
[[nodiscard]] GuestFile probe_guest_file(const Roots& roots,
                                         const std::filesystem::path& path,
                                         const User& user);

/// The kernel releases in `content`: of a kernel its own, of others those they have modules for.
/// Sorted, each once.
[[nodiscard]] std::vector<std::string> guest_releases(GuestFormat format, std::string_view content);

/// The version that a program of this project carries as a mark; empty: there is none.
/// @param content of the program, or of an archive or file system that is not packed and holds it
[[nodiscard]] std::string component_version(std::string_view content);

/// The same of a file; empty, too, if it cannot be read.
[[nodiscard]] std::string probe_component(const Roots& roots, const std::filesystem::path& path);

/// @param content of a file, at least the first KiB of it, or of its first partition
[[nodiscard]] GuestFormat guest_format(std::string_view content);

}  // namespace kata::host
