// How direct-assigned volumes are shown.
#pragma once

#include <string>
#include <vector>

#include "pkg/sandbox/volumes/direct_volume_store.h"

namespace kata::cli {

/// For people: a header and a line for each volume.
[[nodiscard]] std::string volume_table(const std::vector<sandbox::DirectVolume>& volumes,
                                       const sandbox::HostView& host = {});

/// The same as a JSON array in one line.
[[nodiscard]] std::string volumes_json(const std::vector<sandbox::DirectVolume>& volumes,
                                       const sandbox::HostView& host = {});

/// All that is known of one, as a JSON object: also its device, and what the host does with that.
[[nodiscard]] std::string volume_json(const sandbox::DirectVolume& volume,
                                      const sandbox::HostView& host = {});

/// A line for each thing that was removed, or would be.
[[nodiscard]] std::string garbage_lines(const std::vector<sandbox::Garbage>& garbage, bool dry_run);

}  // namespace kata::cli
