// Connecting to the agent over vsock. Internal to this folder.
#pragma once

#include <cstdint>

#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent {

/// Whether a failed connect(2) to a guest may succeed a little later, because the guest still
/// boots.
/// @param error_number errno of connect.
[[nodiscard]] bool is_booting_error(int error_number);

/// One connected, not yet greeted, non-blocking socket; tries again while the guest boots.
/// @throws base::Error timeout at the deadline, unsupported if the host has no vsock.
[[nodiscard]] base::UniqueFd connect_vsock(std::uint32_t cid, base::Deadline deadline);

}  // namespace kata::agent
