#include "pkg/host/roots.h"

namespace kata::host {

Roots Roots::below(const std::filesystem::path& directory) {
    return {.proc = directory / "proc",
            .sys = directory / "sys",
            .dev = directory / "dev",
            .etc = directory / "etc",
            .usr = directory / "usr",
            .var = directory / "var",
            .run = directory / "run",
            .rest = directory};
}

bool Roots::is_this_host() const {
    return proc == "/proc" && dev == "/dev" && etc == "/etc";
}

std::filesystem::path Roots::at(const std::filesystem::path& path) const {
    const std::filesystem::path relative = path.lexically_normal().relative_path();
    if (relative.empty()) {
        return rest;
    }
    const std::filesystem::path first = *relative.begin();
    const std::filesystem::path inner = relative.lexically_relative(first);
    for (const auto& [name, root] : {std::pair{"proc", &proc},
                                     {"sys", &sys},
                                     {"dev", &dev},
                                     {"etc", &etc},
                                     {"usr", &usr},
                                     {"var", &var},
                                     {"run", &run}}) {
        if (first == name) {
            return inner == "." ? *root : *root / inner;
        }
    }
    return rest / relative;
}

}  // namespace kata::host
