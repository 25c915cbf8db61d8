// What the guest answers, from the protocol's words to the sandbox's values. The guest is not
// trusted: any message that the protocol allows may come, and nothing here fails on one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent.pb.h"

#include "pkg/sandbox/guest_network.h"
#include "pkg/sandbox/guest_resources.h"
#include "pkg/sandbox/guest_volumes.h"

namespace kata::agent {

[[nodiscard]] sandbox::GuestStats stats_of(const v1::StatsContainerResponse& message);
[[nodiscard]] sandbox::GuestDetails details_of(const v1::GetGuestDetailsResponse& message);
[[nodiscard]] std::vector<sandbox::GuestInterface> interfaces_of(
    const v1::ListInterfacesResponse& message);
[[nodiscard]] std::vector<sandbox::GuestRoute> routes_of(const v1::ListRoutesResponse& message);
[[nodiscard]] sandbox::GuestVolumeUsage usage_of(const v1::VolumeStatsResponse& message);

/// The output of a program of the guest, which goes to the terminal of whoever asked: its lines,
/// without anything that a terminal would obey.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace kata::agent
