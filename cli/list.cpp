#include "cli/commands.h"
#include "cli/container_table.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {
namespace {

std::string ids_of(const std::vector<oci::ContainerSummary>& containers) {
    std::string lines;
    for (const oci::ContainerSummary& container : containers) {
        lines += container.id + "\n";
    }
    return lines;
}

}  // namespace

int execute(const ListOptions& options, const CommandContext& context) {
    const auto containers = context.runtime.list();
    write_output(options.quiet  ? ids_of(containers)
                 : options.json ? oci::list_json(containers)
                                : container_table(containers));
    return 0;
}

}  // namespace kata::cli
