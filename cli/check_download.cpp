#include "cli/check_download.h"

#include <dlfcn.h>

#include <filesystem>

#include "pkg/base/error.h"
#include "pkg/net/download.h"

namespace kata::cli {
namespace {

constexpr const char* kLibraryName = "libkata-net.so";

std::filesystem::path library_path() {
    std::error_code ignored;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const auto beside = program.parent_path() / kLibraryName;
    return std::filesystem::exists(beside, ignored)
               ? beside
               : std::filesystem::path(KATA_LIBEXECDIR) / kLibraryName;
}

net::Download load() {
    // It stays open: the process ends soon.
    void* library = ::dlopen(library_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    void* address = library == nullptr ? nullptr : ::dlsym(library, net::kDownloadSymbol);
    if (address == nullptr) {
        const char* text = ::dlerror();
        throw base::Error(
            base::ErrorCode::unavailable, "cannot use the network", text == nullptr ? "" : text);
    }
    return reinterpret_cast<net::Download>(address);
}

}  // namespace

std::string download(const std::string& url) {
    std::string content;
    std::string error;
    if (!load()(url, content, error)) {
        throw base::Error(base::ErrorCode::unavailable,
                          "cannot fetch \"" + base::printable(url, 256) + "\"",
                          base::printable(error, 512));
    }
    return content;
}

}  // namespace kata::cli
