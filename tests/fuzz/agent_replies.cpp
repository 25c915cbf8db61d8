// Every answer of the guest that is more than a status, as the guest may forge it: whatever message
// can be made of the bytes becomes values of ours, and those what a user sees of them.
#include <algorithm>
#include <cctype>
#include <string>

#include "pkg/agent/client/guest_replies.h"

#include "fuzzing.h"

namespace kata::agent {
namespace {

using fuzz::require;

// The first byte says which of the answers the others are.
template <typename Message, typename Use>
void try_message(std::string_view bytes, Use use) {
    Message message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        use(message);
    }
}

void try_text(std::string_view bytes) {
    const std::string lines = printable_lines(bytes);
    require(std::ranges::none_of(lines, [](unsigned char character) {
        return std::iscntrl(character) != 0 && character != '\n';
    }));
    require(std::ranges::count(lines, '\n') == std::ranges::count(bytes, '\n'));
}

void try_reply(unsigned kind, std::string_view bytes) {
    const auto convert = [](auto conversion) {
        return [conversion](const auto& message) { static_cast<void>(conversion(message)); };
    };
    switch (kind % 6) {
        case 0:
            return try_message<v1::StatsContainerResponse>(bytes, convert(stats_of));
        case 1:
            return try_message<v1::ListInterfacesResponse>(bytes, convert(interfaces_of));
        case 2:
            return try_message<v1::ListRoutesResponse>(bytes, convert(routes_of));
        case 3:
            return try_message<v1::VolumeStatsResponse>(bytes, convert(usage_of));
        case 4:
            return try_message<v1::GetGuestDetailsResponse>(bytes, convert(details_of));
        default:
            return try_text(bytes);
    }
}

}  // namespace
}  // namespace kata::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        kata::agent::try_reply(data[0], kata::fuzz::text_of(data + 1, size - 1));
    }
    return 0;
}
