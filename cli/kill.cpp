#include "cli/commands.h"
#include "cli/signal_name.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

int execute(const KillOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.id);
    context.runtime.kill(id, parse_signal(options.signal), options.all);
    return 0;
}

}  // namespace kata::cli
