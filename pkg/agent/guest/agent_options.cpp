#include "pkg/agent/guest/agent_options.h"

#include <charconv>
#include <sstream>

namespace kata::agent::guest {
namespace {

constexpr std::string_view kLog = "agent.log=";
constexpr std::string_view kPipeSize = "agent.container_pipe_size=";
constexpr std::string_view kDebugConsole = "agent.debug_console";

unsigned number_of(std::string_view digits) {
    unsigned number = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return failure == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

AgentOptions parse_agent_options(std::string_view command_line) {
    AgentOptions options;
    std::istringstream words{std::string(command_line)};
    for (std::string word; words >> word;) {
        const std::string_view view = word;
        if (view.starts_with(kLog)) {
            options.debug = view.substr(kLog.size()) == "debug";
        } else if (view.starts_with(kPipeSize)) {
            options.container_pipe_size = number_of(view.substr(kPipeSize.size()));
        } else if (view == kDebugConsole) {
            options.debug_console = true;
        }
    }
    return options;
}

}  // namespace kata::agent::guest
