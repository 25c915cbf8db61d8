#include "pkg/host/checks.h"

namespace kata::host {
namespace {

/// Where the lines for an engine's configuration are installed: beside the program.
std::string example(const Host& host, const char* file) {
    return (host.wanted.program.parent_path().parent_path() / "share/kata-runtime/engines" / file)
        .native();
}

Finding not_installed() {
    return {.text = "not installed"};
}

Finding broken(const Engine& engine) {
    return {.verdict = Verdict::warn,
            .text = "cannot read " + engine.config + ": " + engine.trouble,
            .remedy = look("cat " + engine.config)};
}

Finding knows_us(const Engine& engine) {
    return {.text = "knows kata-runtime" + (engine.has_config ? " (" + engine.config + ")" : "")};
}

Finding unknown(std::string text, std::string command) {
    return {.verdict = Verdict::warn,
            .text = std::move(text),
            .remedy = {std::move(command), std::nullopt}};
}

/// dockerd takes new runtimes over on a SIGHUP; nothing that runs is disturbed.
constexpr const char* kReloadDocker = " && kill -HUP $(pidof dockerd)";

}  // namespace

Finding check_configuration(const Host& host) {
    if (host.configuration_error.empty()) {
        return {.text = "can be used"};
    }
    return {.verdict = Verdict::fail,
            .text = host.configuration_error,
            .remedy = look("kata-runtime --kata-show-default-config-paths")};
}

Finding check_user(const Host& host) {
    if (host.as_root) {
        return {.text = "root"};
    }
    return {.verdict = Verdict::warn,
            .text = "this is not root: containers need root, and some checks are less thorough",
            .remedy = {"sudo kata-runtime kata-check", std::nullopt}};
}

Finding check_versions(const Host& host, const std::string& own) {
    std::vector<std::pair<std::string, std::string>> parts = {
        {"kata-shim", host.shim_version}, {"libkata-vm.so", host.vm_library_version}};
    // What is in a packed initrd cannot be seen.
    const bool hidden = host.guest_initrd.format == GuestFormat::packed_archive;
    if (!host.wanted.image.empty()) {
        parts.emplace_back("kata-agent", host.guest_image.agent_version);
    }
    if (!hidden) {
        parts.emplace_back(host.wanted.image.empty() ? "kata-agent" : "kata-loader",
                           host.guest_initrd.agent_version);
    }
    std::string others;
    for (const auto& [name, version] : parts) {
        if (version != own) {
            others += std::string(others.empty() ? "" : ", ") + name + " is " +
                      (version.empty() ? "missing or of no known version" : version);
        }
    }
    if (others.empty()) {
        return {.text = "all parts are of version " + own};
    }
    return {.verdict = Verdict::fail,
            .text = "kata-runtime is " + own + " and " + others,
            .remedy = {"make build guest install  # in kata-runtime's source tree", std::nullopt}};
}

Finding check_docker(const Host& host) {
    const Engine& engine = host.docker;
    if (!engine.installed) {
        return not_installed();
    }
    if (!engine.trouble.empty()) {
        return broken(engine);
    }
    if (engine.knows_us) {
        return knows_us(engine);
    }
    const std::string& file = engine.config;
    return unknown("does not know kata-runtime",
                   engine.has_config
                       ? "jq '.runtimes[\"kata-runtime\"].path = \"" +
                             host.wanted.program.native() + "\"' " + file + " >" + file +
                             ".new && mv " + file + ".new " + file + kReloadDocker
                       : "mkdir -p /etc/docker && cp " + example(host, "docker-daemon.json") + " " +
                             file + kReloadDocker);
}

Finding check_podman(const Host& host) {
    const Engine& engine = host.podman;
    if (!engine.installed) {
        return not_installed();
    }
    if (engine.knows_us) {
        return knows_us(engine);
    }
    if (!engine.trouble.empty()) {
        return broken(engine);
    }
    return unknown("does not know kata-runtime",
                   "mkdir -p /etc/containers/containers.conf.d && cp " +
                       example(host, "podman.conf") + " " + engine.config);
}

Finding check_containerd(const Host& host) {
    const Engine& engine = host.containerd;
    if (!engine.installed) {
        return not_installed();
    }
    if (!engine.trouble.empty()) {
        return broken(engine);
    }
    if (engine.knows_us) {
        return knows_us(engine);
    }
    if (host.docker.installed && !host.has_kubelet) {
        return {.text = "serves docker; `ctr run --runc-binary` needs no configuration"};
    }
    const std::string restart =
        host.has_systemd ? " && systemctl restart containerd" : "  # and restart containerd";
    return unknown("its configuration does not name kata-runtime, so Kubernetes cannot use it",
                   "mkdir -p /etc/containerd && { test -s " + engine.config +
                       " || containerd config default >" + engine.config + "; } && cat " +
                       example(host, "containerd.toml") + " >>" + engine.config + restart);
}

}  // namespace kata::host
