#include "cli/commands.h"
#include "pkg/sandbox/config.h"

namespace kata::cli {

int execute(const ConfigPathsOptions& /*options*/) {
    std::string lines;
    for (const auto& path : sandbox::default_config_paths()) {
        lines += path.string() + "\n";
    }
    write_output(lines);
    return 0;
}

}  // namespace kata::cli
