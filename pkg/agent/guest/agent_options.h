// AgentOptions: what the guest's kernel command line says to kata-agent, in Kata's words. Options
// that must hold before anybody can call the agent are there; the others come with CreateSandbox.
#pragma once

#include <string>
#include <string_view>

namespace kata::agent::guest {

struct AgentOptions {
    bool debug = false;                // agent.log=debug: each step is told on the console
    bool debug_console = false;        // agent.debug_console: a shell of the guest may be asked for
    unsigned container_pipe_size = 0;  // agent.container_pipe_size=BYTES; 0: the kernel's default
    bool operator==(const AgentOptions&) const = default;
};

/// Words that are not ours are ignored, and so is a number that is none.
[[nodiscard]] AgentOptions parse_agent_options(std::string_view command_line);

}  // namespace kata::agent::guest
