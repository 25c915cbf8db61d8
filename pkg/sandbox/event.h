// The events of a container as JSON, in the shape that runc gives them: one line each.
#pragma once

#include <cstdint>
#include <string>

#include "pkg/oci/container_id.h"
#include "pkg/sandbox/guest_resources.h"

namespace kata::sandbox {

/// {"type":"stats","id":...,"data":{...}} and a newline. A limit that is none is the largest
/// number, as runc has it on cgroup v2.
[[nodiscard]] std::string stats_event(const oci::ContainerId& id, const GuestStats& stats);

/// How many kills are told after the guest's count of them went from `before` to `now`: at most
/// 100, because a guest that lies could count to any number at once.
[[nodiscard]] std::uint64_t kills_to_tell(std::uint64_t before, std::uint64_t now);

/// {"type":"oom","id":...} and a newline.
[[nodiscard]] std::string out_of_memory_event(const oci::ContainerId& id);

}  // namespace kata::sandbox
