#include "pkg/host/modules.h"

#include <algorithm>
#include <array>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr std::size_t kMostSymbolBytes = std::size_t{64} << 20;

/// A module and a function of it, which shows in /proc/kallsyms where it is built in.
struct KnownModule {
    const char* name;
    const char* function;
};

constexpr std::array kKnown = {
    KnownModule{"kvm", "kvm_dev_ioctl"},
    KnownModule{"kvm_intel", "vmx_vcpu_create"},
    KnownModule{"kvm_amd", "svm_vcpu_create"},
    KnownModule{"vhost", "vhost_dev_init"},
    KnownModule{"vhost_net", "vhost_net_open"},
    KnownModule{"vhost_vsock", "vhost_vsock_dev_open"},
    KnownModule{"tun", "tun_chr_open"},
    KnownModule{"veth", "veth_newlink"},
    KnownModule{"act_mirred", "tcf_mirred_init"},
    KnownModule{"cls_u32", "u32_change"},
    KnownModule{"sch_ingress", "ingress_init"},
};

std::string symbols(const Roots& roots) {
    try {
        return base::read_file(roots.proc / "kallsyms", kMostSymbolBytes);
    } catch (const base::Error&) {
        return {};
    }
}

std::map<std::string, std::string> parameters(const std::filesystem::path& module) {
    std::map<std::string, std::string> values;
    for (const std::string& name : names_in(module / "parameters")) {
        values[name] = trimmed(text_of(module / "parameters" / name));
    }
    return values;
}

/// The names, with _ for -, in a list of paths like "kernel/drivers/net/veth.ko.xz: ...".
std::vector<std::string> names_in_list(const std::filesystem::path& list) {
    std::vector<std::string> names;
    for (const std::string& line : lines_of(text_of(list))) {
        const std::string path = line.substr(0, line.find(':'));
        std::string name = path.substr(path.rfind('/') + 1);
        name.resize(std::min(name.find(".ko"), name.size()));
        std::ranges::replace(name, '-', '_');
        names.push_back(std::move(name));
    }
    return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// One line of kallsyms is "address type name", followed by "\t[module]" if it is a module's.
bool has_symbol(const std::string& symbols, const std::string& function) {
    return symbols.find(" " + function + "\n") != std::string::npos;
}

std::filesystem::path directory_of(const Roots& roots, const std::string& kernel) {
    const auto merged = roots.usr / "lib/modules" / kernel;
    return is_there(merged) ? merged : roots.at("/lib/modules") / kernel;
}

}  // namespace

std::map<std::string, Module> probe_modules(const Roots& roots, const std::string& kernel) {
    const auto directory = directory_of(roots, kernel);
    const auto built_in = names_in_list(directory / "modules.builtin");
    const auto loadable = names_in_list(directory / "modules.dep");
    // Reading a hundred thousand symbols is for kernels only that come without these lists.
    const std::string functions = built_in.empty() ? symbols(roots) : std::string();
    std::map<std::string, Module> modules;
    for (const auto& [name, function] : kKnown) {
        const auto live = roots.sys / "module" / name;
        Module& module = modules[name];
        module.parameters = parameters(live);
        if (contains(built_in, name) || has_symbol(functions, function)) {
            module.state = ModuleState::built_in;
        } else if (is_there(live)) {
            module.state = ModuleState::loaded;
        } else if (contains(loadable, name)) {
            module.state = ModuleState::loadable;
        }
    }
    return modules;
}

}  // namespace kata::host
