#include "pkg/sandbox/sandbox_bind_mounts.h"

#include <set>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"

namespace kata::sandbox {
namespace {

using base::quoted;

constexpr std::string_view kReadOnly = ":ro";
constexpr std::string_view kReadWrite = ":rw";

std::filesystem::path resolved(const std::filesystem::path& path) {
    std::error_code failure;
    auto source = std::filesystem::canonical(path, failure);
    if (failure) {
        throw base::errno_error("open", path.native(), failure.value());
    }
    return source;
}

}  // namespace

SandboxBindMount parse_sandbox_bind_mount(const std::string& text) {
    SandboxBindMount mount;
    std::string_view path = text;
    if (path.ends_with(kReadOnly) || path.ends_with(kReadWrite)) {
        mount.read_only = path.ends_with(kReadOnly);
        path.remove_suffix(kReadOnly.size());
    }
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    mount.path = path;
    return mount;
}

std::string complaint_about_bind_mounts(const std::vector<std::string>& list) {
    std::set<std::string> names;
    for (const std::string& text : list) {
        const std::filesystem::path path = parse_sandbox_bind_mount(text).path;
        const std::string name = path.filename();
        if (!path.is_absolute() || name.empty() || name == "." || name == "..") {
            return "\"runtime.sandbox_bind_mounts\" has " + quoted(text) +
                   ", which is not the absolute path of a file or directory";
        }
        if (!names.insert(name).second) {
            return "\"runtime.sandbox_bind_mounts\" has two paths that end with " + quoted(name) +
                   ", by which the guest would find them";
        }
    }
    return "";
}

void share_sandbox_bind_mounts(const std::vector<std::string>& list,
                               const Share& share,
                               Journal& journal) {
    for (const std::string& text : list) {
        const SandboxBindMount mount = parse_sandbox_bind_mount(text);
        try {
            const ShareSource source{.path = resolved(mount.path),
                                     .recursively_read_only = mount.read_only};
            static_cast<void>(
                share.bind(journal,
                           source,
                           std::string(kSandboxMountsDir) + "/" + mount.path.filename().native()));
        } catch (const base::Error& error) {
            throw error.with_context("cannot share " + quoted(mount.path) +
                                     " of sandbox_bind_mounts");
        }
    }
}

}  // namespace kata::sandbox
