#include "cli/commands.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const ResumeOptions& options, const CommandContext& context) {
    context.runtime.resume(oci::ContainerId(options.id));
    return 0;
}

}  // namespace kata::cli
