// Rules for mounts from and to places that belong to a kernel: /proc, /sys and /dev. The host's
// must not reach the guest, the guest's own is usually meant, and nothing may hide the guest's
// /proc from what protects the container (CVE-2019-16884, CVE-2019-19921).
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "pkg/oci/spec.h"

namespace kata::sandbox {

/// Whether `path` is `directory` or lies below it; both as they are written.
[[nodiscard]] bool is_below(const std::filesystem::path& path,
                            const std::filesystem::path& directory);

/// What a bind's source is.
enum class SourceOwner {
    host,    // files of the host: shared
    guest,   // /proc, /sys, /dev or a device every kernel has: the guest's own is meant
    nobody,  // hardware and cgroups of the host, which the guest does not have
};

/// @param source resolved. @param mode and @param device st_mode and st_rdev of the source.
[[nodiscard]] SourceOwner owner_of_source(const std::filesystem::path& source,
                                          mode_t mode,
                                          dev_t device);

/// @param source resolved. @throws base::Error unsupported, in runc's words, for a bind that would
/// hide /proc or a part of it that is not just a report (cpuinfo, meminfo, ...).
void require_allowed_in_proc(const oci::Mount& mount, const std::filesystem::path& source);

}  // namespace kata::sandbox
