#include "pkg/sandbox/config.h"

#include <unistd.h>

#include <functional>
#include <map>
#include <utility>

#include <toml++/toml.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

// What a key of the file does to the configuration; @throws std::string, the allowed values.
using Setter = std::function<void(RuntimeConfig&, const toml::node&)>;

struct NotAllowed {
    std::string expected;
};

std::string text_of(const toml::node& node) {
    if (const auto value = node.value_exact<std::string>()) {
        return *value;
    }
    throw NotAllowed{"a string"};
}

std::int64_t number_of(const toml::node& node, std::int64_t least, std::int64_t most) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) {
        throw NotAllowed{"a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most)};
    }
    return *value;
}

bool flag_of(const toml::node& node) {
    if (const auto value = node.value_exact<bool>()) {
        return *value;
    }
    throw NotAllowed{"true or false"};
}

std::string path_of(const toml::node& node) {
    std::string path = text_of(node);
    if (!path.empty() && path.front() != '/') {
        throw NotAllowed{"an absolute path"};
    }
    return path;
}

std::string machine_type_of(const toml::node& node) {
    std::string type = text_of(node);
    if (type != "q35" && type != "pc") {
        throw NotAllowed{"\"q35\" or \"pc\""};
    }
    return type;
}

Accelerator accelerator_of(const toml::node& node) {
    const std::string name = text_of(node);
    if (name == "auto") {
        return Accelerator::automatic;
    }
    if (name == "kvm") {
        return Accelerator::kvm;
    }
    if (name == "tcg") {
        return Accelerator::tcg;
    }
    throw NotAllowed{"\"auto\", \"kvm\" or \"tcg\""};
}

InternetworkingModel model_of(const toml::node& node) {
    const std::string name = text_of(node);
    if (name == "tcfilter" || name == "default") {
        return InternetworkingModel::tcfilter;
    }
    if (name == "macvtap") {
        return InternetworkingModel::macvtap;
    }
    if (name == "none") {
        return InternetworkingModel::none;
    }
    throw NotAllowed{"\"tcfilter\", \"macvtap\", \"none\" or \"default\""};
}

const std::map<std::string, Setter>& known_keys() {
    using Config = RuntimeConfig;
    using Node = toml::node;
    static const std::map<std::string, Setter> keys{
        {"hypervisor.qemu.path", [](Config& c, const Node& n) { c.emulator = path_of(n); }},
        {"hypervisor.qemu.kernel", [](Config& c, const Node& n) { c.kernel = path_of(n); }},
        {"hypervisor.qemu.initrd", [](Config& c, const Node& n) { c.initrd = path_of(n); }},
        {"hypervisor.qemu.kernel_params",
         [](Config& c, const Node& n) { c.kernel_params = text_of(n); }},
        {"hypervisor.qemu.machine_type",
         [](Config& c, const Node& n) { c.machine_type = machine_type_of(n); }},
        {"hypervisor.qemu.accelerator",
         [](Config& c, const Node& n) { c.accelerator = accelerator_of(n); }},
        {"hypervisor.qemu.default_vcpus",
         [](Config& c, const Node& n) {
             c.default_vcpus = static_cast<unsigned>(number_of(n, 1, 240));
         }},
        {"hypervisor.qemu.default_memory",
         [](Config& c, const Node& n) {
             c.default_memory_mib = static_cast<std::uint64_t>(number_of(n, 128, 1 << 20));
         }},
        {"hypervisor.qemu.default_maxvcpus",
         [](Config& c, const Node& n) {
             c.default_max_vcpus = static_cast<unsigned>(number_of(n, 0, 240));
         }},
        {"hypervisor.qemu.default_maxmemory",
         [](Config& c, const Node& n) {
             c.default_max_memory_mib = static_cast<std::uint64_t>(number_of(n, 0, 1 << 24));
         }},
        {"hypervisor.qemu.memory_slots",
         [](Config& c, const Node& n) {
             c.memory_slots = static_cast<unsigned>(number_of(n, 0, 255));
         }},
        {"hypervisor.qemu.use_vsock", [](Config& c, const Node& n) { c.use_vsock = flag_of(n); }},
        {"hypervisor.qemu.disable_vhost_net",
         [](Config& c, const Node& n) { c.disable_vhost_net = flag_of(n); }},
        {"hypervisor.qemu.pcie_root_port",
         [](Config& c, const Node& n) {
             c.pcie_root_ports = static_cast<unsigned>(number_of(n, 0, 16));
         }},
        {"libvirt.uri", [](Config& c, const Node& n) { c.libvirt_uri = text_of(n); }},
        {"libvirt.timeout",
         [](Config& c, const Node& n) {
             c.libvirt_timeout = std::chrono::seconds(number_of(n, 1, 3600));
         }},
        {"agent.kata.boot_timeout",
         [](Config& c, const Node& n) {
             c.boot_timeout = std::chrono::seconds(number_of(n, 0, 3600));
         }},
        {"agent.kata.request_timeout",
         [](Config& c, const Node& n) {
             c.request_timeout = std::chrono::seconds(number_of(n, 1, 3600));
         }},
        {"runtime.enable_debug", [](Config& c, const Node& n) { c.enable_debug = flag_of(n); }},
        {"runtime.sandbox_cgroup_only",
         [](Config& c, const Node& n) { c.sandbox_cgroup_only = flag_of(n); }},
        {"runtime.internetworking_model",
         [](Config& c, const Node& n) { c.internetworking_model = model_of(n); }},
        {"runtime.disable_new_netns",
         [](Config& c, const Node& n) { c.disable_new_netns = flag_of(n); }},
        {"netmon.enable_netmon", [](Config& c, const Node& n) { c.enable_netmon = flag_of(n); }},
    };
    return keys;
}

std::string at(const std::filesystem::path& file, const toml::source_region& where) {
    return "\"" + file.native() + "\", line " + std::to_string(where.begin.line);
}

void apply_key(RuntimeConfig& config,
               const std::filesystem::path& file,
               const std::string& key,
               const toml::node& node) {
    const auto known = known_keys().find(key);
    if (known == known_keys().end()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use " + at(file, node.source()) + ": unknown key \"" + key +
                              "\"; see configuration.toml for the keys there are");
    }
    try {
        known->second(config, node);
    } catch (const NotAllowed& refused) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use " + at(file, node.source()) + ": \"" + key + "\" must be " +
                              refused.expected);
    }
}

void apply_table(RuntimeConfig& config,
                 const std::filesystem::path& file,
                 const std::string& prefix,
                 const toml::table& table) {
    for (const auto& [name, node] : table) {
        const std::string key =
            prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
        if (const toml::table* inner = node.as_table()) {
            apply_table(config, file, key, *inner);
        } else {
            apply_key(config, file, key, node);
        }
    }
}

toml::table parse_file(const std::filesystem::path& file) {
    try {
        return toml::parse(base::read_file(file), file.native());
    } catch (const toml::parse_error& error) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot parse " + at(file, error.source()),
                          std::string(error.description()));
    }
}

// Keys that are right one by one and cannot be obeyed together.
RuntimeConfig consistent(RuntimeConfig config, const std::filesystem::path& file) {
    const bool connects = config.internetworking_model != InternetworkingModel::none;
    if (config.disable_new_netns && (connects || config.enable_netmon)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use \"" + file.native() +
                              "\": \"runtime.disable_new_netns\" goes with "
                              "\"internetworking_model\" = \"none\" and without netmon only, "
                              "because the VM would be connected to the host's interfaces");
    }
    return config;
}

}  // namespace

std::vector<std::filesystem::path> default_config_paths() {
    return {std::filesystem::path(KATA_SYSCONFDIR) / "configuration.toml",
            std::filesystem::path(KATA_DATADIR) / "configuration.toml"};
}

RuntimeConfig built_in_config() {
    RuntimeConfig config;
    config.kernel = std::filesystem::path(KATA_GUESTDIR) / "vmlinux";
    config.initrd = std::filesystem::path(KATA_GUESTDIR) / "initrd.img";
    config.shim_path = std::filesystem::path(KATA_LIBEXECDIR) / "kata-shim";
    return config;
}

RuntimeConfig load_config(const std::filesystem::path& file) {
    RuntimeConfig config = built_in_config();
    if (!file.empty()) {
        apply_table(config, file, "", parse_file(file));
        return consistent(std::move(config), file);
    }
    for (const auto& candidate : default_config_paths()) {
        if (::access(candidate.c_str(), F_OK) == 0) {
            apply_table(config, candidate, "", parse_file(candidate));
            return consistent(std::move(config), candidate);
        }
    }
    return config;
}

}  // namespace kata::sandbox
