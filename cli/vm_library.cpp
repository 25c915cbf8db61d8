#include "cli/vm_library.h"

#include <dlfcn.h>

#include <system_error>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

constexpr const char* kLibraryName = "libkata-vm.so";

/// The text of the last failed dl call.
std::string loader_text() {
    const char* text = ::dlerror();
    return base::printable(text != nullptr ? text : "unknown error of the dynamic loader");
}

}  // namespace

std::filesystem::path vm_library_path(const std::filesystem::path& program) {
    std::error_code ignored;
    const std::filesystem::path beside = program.parent_path() / kLibraryName;
    return std::filesystem::exists(beside, ignored)
               ? beside
               : std::filesystem::path(KATA_LIBEXECDIR) / kLibraryName;
}

void VmLibrary::load() {
    if (library_ != nullptr) {
        return;
    }
    const auto path = vm_library_path(std::filesystem::read_symlink("/proc/self/exe"));
    library_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) {
        throw base::Error(base::ErrorCode::unavailable,
                          "cannot load the VM library: " + loader_text() +
                              "; 'kata-runtime kata-check' says which packages have what is "
                              "missing");
    }
}

void* VmLibrary::symbol(const char* name) {
    load();
    void* address = ::dlsym(library_, name);
    if (address == nullptr) {
        throw base::Error(base::ErrorCode::unavailable,
                          "cannot use the VM library: " + loader_text() +
                              "; it belongs to another version, reinstall kata-runtime");
    }
    return address;
}

sandbox::Hypervisor& VmLibrary::hypervisor() {
    if (!hypervisor_) {
        const auto make =
            reinterpret_cast<sandbox::MakeHypervisor>(symbol(sandbox::kMakeHypervisorSymbol));
        hypervisor_.reset(make(libvirt_uri_.c_str()));
    }
    return *hypervisor_;
}

sandbox::AgentConnector& VmLibrary::agents() {
    if (!agents_) {
        const auto make = reinterpret_cast<sandbox::MakeAgentConnector>(
            symbol(sandbox::kMakeAgentConnectorSymbol));
        agents_.reset(make());
    }
    return *agents_;
}

sandbox::ScopeUnits& VmLibrary::scopes() {
    if (!scopes_) {
        const auto make =
            reinterpret_cast<sandbox::MakeScopeUnits>(symbol(sandbox::kMakeScopeUnitsSymbol));
        scopes_.reset(make());
    }
    return *scopes_;
}

std::unique_ptr<sandbox::Digest> VmLibrary::sha512() {
    const auto make = reinterpret_cast<sandbox::MakeSha512>(symbol(sandbox::kMakeSha512Symbol));
    return std::unique_ptr<sandbox::Digest>(make());
}

}  // namespace kata::cli
