// From an OCI linux.resources object to the files of a cgroup v2 group. Only what is there and
// means a change: 0 stands for "leave it" wherever it is no sensible limit, as engines write it.
#pragma once

#include <string>
#include <vector>

#include "pkg/agent/guest/cgroup.h"

namespace kata::agent::guest {

struct CgroupSetting {
    std::string file;   // in the group's directory
    std::string value;  // what is written to it
    bool optional =
        false;  // the kernel may lack it without harm (swap limits in a guest without swap)
    bool operator==(const CgroupSetting&) const = default;
};

/// In the order in which they must be written. @param resources_json complete where values belong
/// together: quota with period, swap with the memory limit.
/// @throws base::Error invalid_argument if it is no such object.
[[nodiscard]] std::vector<CgroupSetting> cgroup_settings(const std::string& resources_json);

/// Writes them. @throws base::Error naming the file that was refused.
void apply_settings(const Cgroup& cgroup, const std::vector<CgroupSetting>& settings);

}  // namespace kata::agent::guest
