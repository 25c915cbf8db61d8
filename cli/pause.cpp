#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const PauseOptions& options, const CommandContext& context) {
    context.runtime.pause(oci::ContainerId(options.id));
    return 0;
}

}  // namespace kata::cli
