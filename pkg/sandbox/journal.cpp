#include "pkg/sandbox/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

constexpr auto kKindNames = std::to_array<std::pair<Effect::Kind, const char*>>({
    {Effect::Kind::vm, "vm"},
    {Effect::Kind::mount, "mount"},
    {Effect::Kind::directory, "directory"},
    {Effect::Kind::cgroup, "cgroup"},
    {Effect::Kind::traffic, "traffic"},
    {Effect::Kind::macvtap, "macvtap"},
    {Effect::Kind::vm_cgroup, "vmCgroup"},
    {Effect::Kind::cgroup_parent, "cgroupParent"},
    {Effect::Kind::disk, "disk"},
    {Effect::Kind::vfio, "vfio"},
    {Effect::Kind::rootfs, "rootfs"},
    {Effect::Kind::server, "server"},
    {Effect::Kind::scope, "scope"},
});

std::string name_of(Effect::Kind kind) {
    for (const auto& [known, name] : kKindNames) {
        if (known == kind) {
            return name;
        }
    }
    return "";
}

Effect::Kind kind_of(const std::string& name) {
    for (const auto& [kind, known] : kKindNames) {
        if (name == known) {
            return kind;
        }
    }
    throw base::Error(base::ErrorCode::internal,
                      "unknown effect \"" + base::printable(name) + "\"");
}

std::string line_of(const Effect& effect) {
    return json{{"effect", name_of(effect.kind)},
                {"object", effect.object},
                {"container", effect.container_id}}
               .dump() +
           "\n";
}

Effect effect_of(const std::string& line) {
    const json document = json::parse(line);
    return {kind_of(document.at("effect").get<std::string>()),
            document.at("object").get<std::string>(),
            document.at("container").get<std::string>()};
}

bool ends_in_torn_line(const std::filesystem::path& path) {
    const std::string text = base::read_file(path);
    return !text.empty() && text.back() != '\n';
}

}  // namespace

Journal::Journal(const std::filesystem::path& path, std::string container_id)
    : path_(path),
      container_id_(std::move(container_id)),
      fd_(base::open_file(path, O_WRONLY | O_CREAT | O_APPEND)) {
    // What a crash cut short must not swallow the line that comes next.
    if (ends_in_torn_line(path)) {
        base::write_all(fd_.ref(), "\n", path.native());
    }
}

void Journal::record(Effect::Kind kind, const std::string& object) {
    base::write_all(fd_.ref(), line_of({kind, object, container_id_}), path_.native());
    if (::fdatasync(fd_.get()) != 0) {
        throw base::errno_error("sync", path_.native(), errno);
    }
}

std::vector<Effect> Journal::load(const std::filesystem::path& path, base::Log& log) {
    std::string text;
    try {
        text = base::read_file(path);
    } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::not_found) {
            return {};
        }
        throw;
    }
    std::vector<Effect> effects;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         begin = end + 1, end = text.find('\n', begin)) {
        try {
            effects.push_back(effect_of(text.substr(begin, end - begin)));
        } catch (const std::exception& error) {
            log.warning("passing over a line of \"" + path.native() +
                        "\" that cannot be read, what it stands for may be left: " +
                        base::printable(error.what()));
        }
    }
    return effects;
}

void Journal::rewrite(const std::filesystem::path& path, const std::vector<Effect>& effects) {
    std::string text;
    for (const Effect& effect : effects) {
        text += line_of(effect);
    }
    base::write_file_atomically(path, text);
}

}  // namespace kata::sandbox
