#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/oci/default_spec.h"

namespace kata::cli {

int execute(const SpecOptions& options) {
    if (options.rootless) {
        oci::refuse_rootless_spec();
    }
    const std::filesystem::path path = options.bundle / "config.json";
    // The kernel decides who is first, and a dangling link is somebody's file, too.
    const base::UniqueFd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!file.valid() && errno == EEXIST) {
        throw base::Error(
            base::ErrorCode::already_exists,
            "File config.json exists. Remove it first: \"" + base::printable(path.string()) + "\"");
    }
    if (!file.valid()) {
        throw base::errno_error("create", path.string(), errno);
    }
    base::write_all(file.ref(), oci::default_spec_json(), path.string());
    return 0;
}

}  // namespace kata::cli
