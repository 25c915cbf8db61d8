#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const StateOptions& options, const CommandContext& context) {
    write_output(oci::state_json(context.runtime.state(oci::ContainerId(options.id))));
    return 0;
}

}  // namespace kata::cli
