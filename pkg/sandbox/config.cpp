#include "pkg/sandbox/config.h"

#include "pkg/sandbox/config/load.h"

namespace kata::sandbox {

std::vector<std::filesystem::path> default_config_paths() {
    return {std::filesystem::path(KATA_SYSCONFDIR) / "configuration.toml",
            std::filesystem::path(KATA_DATADIR) / "configuration.toml"};
}

RuntimeConfig built_in_config() {
    RuntimeConfig config;
    config.kernel = std::filesystem::path(KATA_GUESTDIR) / "vmlinux";
    config.initrd = std::filesystem::path(KATA_GUESTDIR) / "initrd.img";
    config.image_loader = std::filesystem::path(KATA_GUESTDIR) / "loader.img";
    config.assets_dir = KATA_GUESTDIR;
    config.shim_path = std::filesystem::path(KATA_LIBEXECDIR) / "kata-shim";
    return config;
}

RuntimeConfig load_config(const std::filesystem::path& file) {
    return load_config_with_origins(file).config;
}

}  // namespace kata::sandbox
