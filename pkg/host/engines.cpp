#include "pkg/host/engines.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "pkg/base/error.h"
#include "pkg/base/toml_text.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr const char* kProgram = "kata-runtime";
// Where podman itself looks for a runtime called "kata".
constexpr std::array kPodmanFinds = {
    "bin/kata-runtime", "sbin/kata-runtime", "local/bin/kata-runtime", "local/sbin/kata-runtime"};

bool names_us(const std::string& path) {
    return std::filesystem::path(path).filename() == kProgram;
}

/// Whether any text inside `node` is a path of kata-runtime.
bool names_us(const toml::node& node) {
    if (const auto* table = node.as_table()) {
        return std::any_of(
            table->begin(), table->end(), [](const auto& entry) { return names_us(entry.second); });
    }
    if (const auto* array = node.as_array()) {
        return std::any_of(
            array->begin(), array->end(), [](const toml::node& inner) { return names_us(inner); });
    }
    return names_us(node.value_or(std::string()));
}

bool installed(const Roots& roots, const char* program) {
    return is_there(roots.usr / "bin" / program) || is_there(roots.usr / "sbin" / program) ||
           is_there(roots.usr / "local/bin" / program);
}

/// Notes whether the TOML file names us below the dotted `place`.
void look_into_toml(const std::filesystem::path& file, const char* place, Engine& engine) {
    const std::string text = text_of(file);
    if (text.empty()) {
        return;
    }
    if (const auto line = base::line_of_foreign_character(text)) {
        engine.trouble = "line " + std::to_string(*line) + ": " + base::kForeignCharacter;
        return;
    }
    try {
        const toml::table table = toml::parse(text);
        const auto node = table.at_path(place);
        engine.knows_us = engine.knows_us || (node.node() != nullptr && names_us(*node.node()));
    } catch (const toml::parse_error& error) {
        engine.trouble = "line " + std::to_string(error.source().begin.line) + ": " +
                         base::printable(error.description(), 256);
    }
}

bool is_ours(const nlohmann::json& runtime) {
    const auto path = runtime.is_object() ? runtime.find("path") : runtime.end();
    return runtime.is_object() && path != runtime.end() && path->is_string() &&
           names_us(path->get<std::string>());
}

}  // namespace

Engine probe_docker(const Roots& roots) {
    Engine engine{.installed = installed(roots, "dockerd"), .config = "/etc/docker/daemon.json"};
    const std::string text = text_of(roots.at(engine.config));
    engine.has_config = !trimmed(text).empty();
    if (!engine.has_config) {
        return engine;
    }
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) {
        engine.trouble = "it is not a JSON object";
        return engine;
    }
    const auto runtimes = json.value("runtimes", nlohmann::json::object());
    engine.knows_us = std::any_of(runtimes.begin(), runtimes.end(), is_ours);
    return engine;
}

Engine probe_podman(const Roots& roots) {
    Engine engine{.installed = installed(roots, "podman"),
                  .config = "/etc/containers/containers.conf.d/kata-runtime.conf"};
    engine.has_config = is_there(roots.at(engine.config));
    engine.knows_us = std::ranges::any_of(
        kPodmanFinds, [&](const char* path) { return is_there(roots.usr / path); });
    for (const auto& directory : {roots.usr / "share/containers", roots.etc / "containers"}) {
        look_into_toml(directory / "containers.conf", "engine.runtimes", engine);
        for (const std::string& name : names_in(directory / "containers.conf.d")) {
            look_into_toml(directory / "containers.conf.d" / name, "engine.runtimes", engine);
        }
    }
    return engine;
}

Engine probe_containerd(const Roots& roots) {
    Engine engine{.installed = installed(roots, "containerd"),
                  .config = "/etc/containerd/config.toml"};
    engine.has_config = is_there(roots.at(engine.config));
    look_into_toml(roots.at(engine.config), "plugins", engine);
    return engine;
}

}  // namespace kata::host
