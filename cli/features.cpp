#include "pkg/oci/features.h"

#include "cli/commands.h"

namespace kata::cli {

int execute(const FeaturesOptions& /*options*/) {
    write_output(oci::features_json(KATA_VERSION));
    return 0;
}

}  // namespace kata::cli
