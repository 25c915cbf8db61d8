#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const PsOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.id);
    if (options.json) {
        write_output(nlohmann::json(context.runtime.host_pids(id)).dump() + "\n");
        return 0;
    }
    const std::vector<std::string> all_in_full = {"-ef"};
    write_output(context.runtime.guest_processes(
        id, options.ps_args.empty() ? all_in_full : options.ps_args));
    return 0;
}

}  // namespace kata::cli
