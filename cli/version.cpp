#include "cli/commands.h"
#include "pkg/oci/default_spec.h"

namespace kata::cli {

int execute(const VersionOptions& /*options*/) {
    write_output(std::string(kProgramName) + " version " + KATA_VERSION +
                 "\ncommit: " + KATA_COMMIT + "\nspec: " + oci::kOciVersion + "\n");
    return 0;
}

}  // namespace kata::cli
