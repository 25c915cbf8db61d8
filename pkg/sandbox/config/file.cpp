#include "pkg/sandbox/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include <toml++/toml.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/toml_text.h"
#include "pkg/sandbox/config/value.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
    return text.data();
}

void require_unwritable_by_others(const base::UniqueFd& file, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) {
        throw base::errno_error("look at", path.native(), errno);
    }
    const bool foreign = status.st_uid != 0 && status.st_uid != ::geteuid();
    if (foreign || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        throw Error(ErrorCode::permission_denied,
                    "cannot use \"" + path.native() + "\": others may write it (mode " +
                        octal(status.st_mode) + ", owner " + std::to_string(status.st_uid) +
                        "); run: chown root " + path.native() + " && chmod go-w " + path.native());
    }
}

std::string read_protected(const std::filesystem::path& path) {
    const base::UniqueFd file = base::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    require_unwritable_by_others(file, path);
    // Through the descriptor, so that what is read is what was looked at.
    try {
        return base::read_file("/proc/self/fd/" + std::to_string(file.get()));
    } catch (const Error& error) {
        throw Error(error.code(), "cannot read \"" + path.native() + "\"", error.what());
    }
}

std::string at(const std::filesystem::path& file, std::size_t line) {
    return "\"" + file.native() + "\", line " + std::to_string(line);
}

Error refusal(const std::filesystem::path& file,
              const toml::node& node,
              const std::string& complaint) {
    return {ErrorCode::invalid_argument,
            "cannot use " + at(file, node.source().begin.line) + ": " + complaint};
}

std::optional<ConfigValue> list_of(const ConfigKey& key, const toml::array& array) {
    std::vector<std::string> list;
    for (const toml::node& item : array) {
        const auto text = item.value_exact<std::string>();
        if (!text && !(item.is_table() && key.type == ValueType::tables)) {
            return std::nullopt;
        }
        list.push_back(text.value_or(""));
    }
    if (key.type == ValueType::tables && !std::ranges::all_of(list, &std::string::empty)) {
        return std::nullopt;
    }
    return list;
}

std::optional<ConfigValue> value_of(const ConfigKey& key, const toml::node& node) {
    if (const auto flag = node.value_exact<bool>()) {
        return *flag;
    }
    if (const auto whole = node.value_exact<std::int64_t>()) {
        return *whole;
    }
    if (const auto number = node.value_exact<double>()) {
        return *number;
    }
    if (auto text = node.value_exact<std::string>()) {
        return std::move(*text);
    }
    return node.is_array() ? list_of(key, *node.as_array()) : std::nullopt;
}

/// Reads one file's tree. Borrows the file's name.
class Reader {
  public:
    explicit Reader(const std::filesystem::path& file) : file_(file) {}

    void read_table(const std::string& section, const toml::table& table) {
        for (const auto& [name, node] : table) {
            const std::string key(name.str());
            const std::string whole_name = section.empty() ? key : section + "." + key;
            if (const toml::table* inner = node.as_table()) {
                require_section(whole_name, node);
                read_table(whole_name, *inner);
            } else {
                read_key(section, key, node);
            }
        }
    }

    [[nodiscard]] std::vector<Setting> take() { return std::move(settings_); }

  private:
    void require_section(const std::string& section, const toml::node& node) const {
        if (!is_config_section(section)) {
            throw refusal(file_,
                          node,
                          "unknown section [" + base::printable(section, 256) + "]; " +
                              suggestion_for_section(section));
        }
    }

    void read_key(const std::string& section, const std::string& name, const toml::node& node) {
        const std::string whole_name = section.empty() ? name : section + "." + name;
        const ConfigKey* key = find_config_key(section, name);
        if (key == nullptr) {
            throw refusal(file_,
                          node,
                          "unknown key \"" + base::printable(whole_name, 256) + "\"; " +
                              suggestion_for(section, name));
        }
        if (key->name == "*") {
            settings_.push_back({key, whole_name, std::string(), file_, node.source().begin.line});
            return;
        }
        auto value = value_of(*key, node);
        if (!value || !takes_value(*key, *value)) {
            throw refusal(file_, node, "\"" + whole_name + "\" must be " + allowed_values(*key));
        }
        settings_.push_back({key, whole_name, std::move(*value), file_, node.source().begin.line});
    }

    const std::filesystem::path& file_;
    std::vector<Setting> settings_;
};

}  // namespace

std::vector<Setting> read_config_file(const std::filesystem::path& file) {
    const std::string text = read_protected(file);
    if (const auto line = base::line_of_foreign_character(text)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot parse " + at(file, *line),
                    base::kForeignCharacter);
    }
    try {
        const toml::table table = toml::parse(text, file.native());
        Reader reader(file);
        reader.read_table("", table);
        return reader.take();
    } catch (const toml::parse_error& error) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot parse " + at(file, error.source().begin.line),
                    base::printable(error.description()));
    }
}

ConfigValue default_value(const ConfigKey& key) {
    const toml::table table = toml::parse("value = " + std::string(key.fallback));
    return value_of(key, *table.get("value")).value();
}

std::vector<std::filesystem::path> drop_ins_of(const std::filesystem::path& file) {
    std::error_code failure;
    const auto directory = std::filesystem::canonical(file, failure).parent_path() / "config.d";
    if (failure || !std::filesystem::exists(directory, failure)) {
        return {};
    }
    require_unwritable_by_others(base::open_file(directory, O_RDONLY | O_DIRECTORY), directory);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        const std::string name = entry.path().filename();
        if (name.ends_with(".toml") && !name.starts_with('.')) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace kata::sandbox
