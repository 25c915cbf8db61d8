#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const StartOptions& options, const CommandContext& context) {
    context.runtime.start(oci::ContainerId(options.id));
    return 0;
}

}  // namespace kata::cli
