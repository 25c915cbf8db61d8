#include <optional>

#include "cli/commands.h"
#include "pkg/oci/bundle.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {

bool wants_terminal(const CreateOptions& options) {
    const auto config =
        options.config_file.empty() ? std::nullopt : std::optional(options.config_file);
    const oci::Bundle bundle = oci::load_bundle(options.bundle, config);
    return bundle.spec.process && bundle.spec.process->terminal;
}

base::ProcessId create_container(const CreateOptions& options,
                                 bool detach,
                                 const CommandContext& context) {
    const sandbox::CreateRequest request = {
        .id = oci::ContainerId(options.id),
        .bundle = options.bundle,
        .config_file = options.config_file,
        .console_socket = options.console_socket,
        .pid_file = options.pid_file,
        .foreground = !detach,
    };
    return context.runtime.create(request);
}

int execute(const CreateOptions& options, const CommandContext& context) {
    create_container(options, true, context);
    return 0;
}

}  // namespace kata::cli
