#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const DeleteOptions& options, const CommandContext& context) {
    context.runtime.remove(oci::ContainerId(options.id), options.force);
    return 0;
}

}  // namespace kata::cli
