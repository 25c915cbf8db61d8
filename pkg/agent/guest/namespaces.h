// Namespaces that containers of one VM share. The host knows other containers by their ids only;
// crun wants a path.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace kata::agent::guest {

/// Replaces every namespace path "container:<id>" of an OCI spec by that of the container's init.
/// @param init_of the pid of a container's init; its errors are passed on.
/// @return the spec; unchanged, byte by byte, if it names no container.
[[nodiscard]] std::string with_member_namespaces(
    const std::string& spec_json, const std::function<pid_t(const std::string& id)>& init_of);

}  // namespace kata::agent::guest
