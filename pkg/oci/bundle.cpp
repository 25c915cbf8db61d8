#include "pkg/oci/bundle.h"

#include <string>
#include <system_error>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/oci/spec_json.h"

namespace kata::oci {
namespace {

namespace fs = std::filesystem;

std::string in_quotes(const fs::path& path) {
    return "\"" + base::printable(path.native()) + "\"";
}

fs::path real_path(const fs::path& path, std::string_view operation) {
    std::error_code error;
    fs::path real = fs::canonical(path, error);
    if (error) {
        throw base::errno_error(operation, base::printable(path.native()), error.value());
    }
    return real;
}

fs::path find_bundle(const fs::path& directory) {
    if (directory.empty()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use the bundle \"\": its path is empty");
    }
    fs::path bundle = real_path(directory, "use the bundle");
    if (!fs::is_directory(bundle)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use the bundle " + in_quotes(directory) + ": not a directory");
    }
    return bundle;
}

Spec read_config(const fs::path& file) {
    try {
        return parse_spec(base::read_file(file), file.native());
    } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::not_found) {
            throw base::Error(error.code(),
                              std::string(error.what()) +
                                  "; name the bundle's directory with --bundle, or write an "
                                  "example with `kata-runtime spec`");
        }
        throw;
    }
}

// A symlink is refused as runc does: between check and use it could be pointed at another tree.
fs::path find_rootfs(const fs::path& bundle, const Spec& spec) {
    if (!spec.root || spec.root->path.empty()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          spec.root ? "root.path must not be empty" : "root must be set");
    }
    const fs::path written = (bundle / spec.root->path).lexically_normal();
    fs::path rootfs = real_path(written, "use root.path");
    if (!fs::is_directory(rootfs)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use root.path " + in_quotes(written) + ": not a directory");
    }
    if (rootfs / "" != written / "") {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use root.path " + in_quotes(written) +
                              ": it is a symlink or has one in it; write " + in_quotes(rootfs) +
                              " instead");
    }
    return rootfs;
}

}  // namespace

Bundle load_bundle(const fs::path& directory, const std::optional<fs::path>& config) {
    Bundle bundle;
    bundle.path = find_bundle(directory);
    bundle.spec = read_config(config.value_or(bundle.path / "config.json"));
    bundle.rootfs = find_rootfs(bundle.path, bundle.spec);
    return bundle;
}

bool has_read_only_root(const Bundle& bundle) {
    return bundle.spec.root && bundle.spec.root->readonly;
}

}  // namespace kata::oci
