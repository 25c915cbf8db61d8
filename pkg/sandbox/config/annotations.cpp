#include "pkg/sandbox/config/annotations.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <system_error>

#include "pkg/base/did_you_mean.h"
#include "pkg/base/error.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/config/value.h"
#include "pkg/sandbox/sizing.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;

constexpr std::string_view kConfigPrefix = "io.katacontainers.config.";
constexpr std::size_t kLongestShown = 256;

std::string quoted(const std::string& text) {
    return "\"" + printable(text, kLongestShown) + "\"";
}

/// One annotation on its way through the rules. Borrows everything.
struct Candidate {
    const RuntimeConfig& config;
    const std::string& annotation;
    const ConfigKey& key;
    const std::string& text;
};

/// `annotation "..." <complaint>`
Error refusal(ErrorCode code, const std::string& annotation, const std::string& complaint) {
    return {code, "annotation " + quoted(annotation) + " " + complaint};
}

/// `put <key> = [...] below [hypervisor.qemu] in "<file>"`
std::string permitting_line(const RuntimeConfig& config,
                            std::string_view key,
                            std::vector<std::string> list,
                            const std::string& added) {
    list.push_back(printable(added, kLongestShown));
    // A copy: the first is part of a list that goes away with this line.
    const std::filesystem::path file =
        config.file.empty() ? default_config_paths().front() : config.file;
    return "to permit it, put " + std::string(key) + " = " + toml_text(std::move(list)) +
           " below [hypervisor.qemu] in \"" + file.native() + "\"";
}

bool matches_whole(const std::string& name, const std::string& expression) {
    try {
        return std::regex_match(name, std::regex(expression));
    } catch (const std::regex_error&) {
        return false;  // refused when the file was read
    }
}

void require_permitted_name(const Candidate& candidate) {
    if (!candidate.annotation.starts_with(kHypervisorPrefix)) {
        return;
    }
    const std::string name = candidate.annotation.substr(kHypervisorPrefix.size());
    const auto& permitted = candidate.config.enable_annotations;
    if (std::ranges::none_of(permitted, [&](const auto& e) { return matches_whole(name, e); })) {
        throw refusal(ErrorCode::permission_denied,
                      candidate.annotation,
                      "is refused: no expression of enable_annotations matches \"" + name + "\"; " +
                          permitting_line(candidate.config, "enable_annotations", permitted, name));
    }
}

std::string resolved(const Candidate& candidate) {
    std::error_code failure;
    const auto path = std::filesystem::canonical(candidate.text, failure);
    if (failure) {
        throw refusal(ErrorCode::not_found,
                      candidate.annotation,
                      "names " + quoted(candidate.text) + ": " + failure.message());
    }
    return path;
}

void require_permitted_path(const Candidate& candidate, const std::string& path) {
    const auto list = candidate.config.valid_values.find(std::string(candidate.key.allowed_by));
    const std::vector<std::string> none;
    const auto& patterns = list == candidate.config.valid_values.end() ? none : list->second;
    const bool permitted = std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
    });
    if (!permitted) {
        throw refusal(
            ErrorCode::permission_denied,
            candidate.annotation,
            "is refused: no pattern of " + std::string(candidate.key.allowed_by) + " matches " +
                quoted(path) + "; " +
                permitting_line(candidate.config, candidate.key.allowed_by, patterns, path));
    }
}

// The configuration clamps these to the host; whoever writes an annotation asks for a number and
// is told that there are not so many.
void require_host_cpus(const Candidate& candidate, const ConfigValue& value) {
    const bool counts_cpus =
        candidate.key.name == "default_vcpus" || candidate.key.name == "default_maxvcpus";
    if (!counts_cpus) {
        return;
    }
    const auto* whole = std::get_if<std::int64_t>(&value);
    const double count = whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
    const unsigned host = host_size().cpus;
    if (count < 0 || count > host) {
        throw refusal(ErrorCode::invalid_argument,
                      candidate.annotation,
                      "must be a number from 0 to " + std::to_string(host) +
                          ", the CPUs of this host, and is " + quoted(candidate.text));
    }
}

ConfigValue value_of(const Candidate& candidate) {
    auto value = parse_annotation_value(candidate.key, candidate.text);
    if (!value) {
        throw refusal(
            ErrorCode::invalid_argument,
            candidate.annotation,
            "must be " + allowed_values(candidate.key) + " and is " + quoted(candidate.text));
    }
    require_host_cpus(candidate, *value);
    return *value;
}

void require_file_in_force(const Candidate& candidate) {
    if (candidate.key.name != "config_path") {
        return;
    }
    std::error_code missing;
    if (resolved(candidate) != std::filesystem::canonical(candidate.config.file, missing)) {
        throw refusal(ErrorCode::permission_denied,
                      candidate.annotation,
                      "is refused: a container cannot choose its configuration; use "
                      "kata-runtime --config in the engine's configuration of this runtime");
    }
}

Error unknown(const std::string& annotation) {
    std::vector<std::string> names;
    names.reserve(config_keys().size());
    for (const ConfigKey& key : config_keys()) {
        names.push_back(annotation_of(key));
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const auto near = base::did_you_mean(annotation, views);
    return refusal(ErrorCode::invalid_argument,
                   annotation,
                   near ? "is not known; did you mean \"" + *near + "\"?"
                        : "is not known; see kata-annotations(7) for those there are");
}

/// What the key has then: two of them have the administrator's share, too.
ConfigValue merged(const RuntimeConfig& config, const ConfigKey& key, ConfigValue value) {
    if (key.name == "kernel_params") {
        return merge_kernel_parameters(config.kernel_params, std::get<std::string>(value));
    }
    if (key.name == "virtio_fs_extra_args") {
        auto all = config.virtio_fs_extra_args;
        const auto& added = std::get<std::vector<std::string>>(value);
        all.insert(all.end(), added.begin(), added.end());
        return all;
    }
    return value;
}

void obey(RuntimeConfig& config, const ConfigKey& key, const ConfigValue& value) {
    key.set(config, merged(config, key, value));
    // Who chooses where the guest's root is also chooses where it is not.
    if (key.name == "initrd") {
        config.image.clear();
    } else if (key.name == "image") {
        config.initrd = built_in_config().initrd;
    }
}

bool names_a_file(const ConfigKey& key) {
    return key.type == ValueType::path && (key.set != nullptr || !key.allowed_by.empty());
}

// Documents write two of the names with a quote at the end.
std::string name_of(std::string annotation) {
    while (annotation.ends_with('"')) {
        annotation.pop_back();
    }
    return annotation;
}

struct Understood {
    const std::string& annotation;
    const ConfigKey& key;
    ConfigValue value;
};

/// Those of a sandbox's annotations that this version obeys; another one may have accepted more.
std::vector<Understood> understood(const std::map<std::string, std::string>& accepted) {
    std::vector<Understood> all;
    for (const auto& [annotation, text] : accepted) {
        const ConfigKey* key = find_annotation(annotation);
        if (key == nullptr || key->set == nullptr) {
            continue;
        }
        if (auto value = parse_annotation_value(*key, text)) {
            all.push_back({annotation, *key, std::move(*value)});
        }
    }
    return all;
}

/// The key of configuration.toml that an annotation decides by another name; else its own.
const ConfigKey& key_behind(const ConfigKey& key) {
    const bool another_name = key.section.empty() && key.name == "enable_vcpus_pinning";
    return another_name ? *find_config_key("runtime", key.name) : key;
}

/// `annotation "io.katacontainers...."`, those of `taken` that the complaint is about; all of them
/// if it names none.
std::string named_in(const std::string& complaint,
                     const std::map<std::string, std::string>& taken) {
    std::string list;
    for (const auto& [name, value] : taken) {
        if (names_key(complaint, *find_annotation(name))) {
            list += (list.empty() ? "annotation " : " and ") + quoted(name);
        }
    }
    return list.empty() ? "the annotations" : list;
}

void take(AnnotatedConfig& result, const Candidate& candidate) {
    require_permitted_name(candidate);
    ConfigValue value = value_of(candidate);
    const bool nothing =
        std::holds_alternative<std::string>(value) && std::get<std::string>(value).empty();
    if (nothing) {
        return;
    }
    require_file_in_force(candidate);
    std::string accepted = candidate.text;
    if (names_a_file(candidate.key)) {
        accepted = resolved(candidate);
        value = accepted;
    }
    if (!candidate.key.allowed_by.empty()) {
        require_permitted_path(candidate, accepted);
    }
    if (candidate.key.set == nullptr) {
        result.warnings.push_back("annotation " + quoted(candidate.annotation) +
                                  " has no effect: " + std::string(candidate.key.text));
        return;
    }
    if (const std::string about = about_stand_in(candidate.key, value); !about.empty()) {
        result.warnings.push_back("annotation " + quoted(candidate.annotation) + ": " + about);
    }
    obey(result.config, candidate.key, value);
    result.config.annotations[annotation_of(candidate.key)] = accepted;
}

}  // namespace

AnnotatedConfig annotated_config(const RuntimeConfig& config,
                                 const std::map<std::string, std::string>& annotations) {
    AnnotatedConfig result{config, {}};
    for (const auto& [written, text] : annotations) {
        if (!written.starts_with(kAnnotationPrefix)) {
            continue;
        }
        const std::string name = name_of(written);
        if (const ConfigKey* key = find_annotation(name)) {
            take(result, {config, name, *key, text});
        } else if (name.starts_with(kConfigPrefix)) {
            throw unknown(name);
        } else {
            result.warnings.push_back("annotation " + quoted(name) + " is not known");
        }
    }
    const std::string hypervisor(kHypervisorPrefix);
    const auto& taken = result.config.annotations;
    if (taken.contains(hypervisor + "image") && taken.contains(hypervisor + "initrd")) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot obey the annotations: image and initrd cannot both be set, because a "
                    "guest's root is in one of them");
    }
    if (const std::string why = contradiction_in(result.config); !why.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot obey " + named_in(why, taken) + ": " + why);
    }
    return result;
}

RuntimeConfig with_accepted_annotations(RuntimeConfig config,
                                        const std::map<std::string, std::string>& accepted) {
    for (const auto& [annotation, key, value] : understood(accepted)) {
        obey(config, key, value);
    }
    config.annotations = accepted;
    return config;
}

LoadedConfig with_accepted_annotations(LoadedConfig loaded,
                                       const std::map<std::string, std::string>& accepted) {
    for (const auto& [annotation, annotated, value] : understood(accepted)) {
        const ConfigKey& key = key_behind(annotated);
        const auto set = [&, &annotation = annotation](const ConfigKey& changed, ConfigValue now) {
            const std::string name = changed.section.empty() ? annotation : dotted_name(changed);
            loaded.settings[name] = {&changed, name, std::move(now), {}, 0, annotation};
        };
        set(key, merged(loaded.config, key, value));
        if (key.name == "initrd") {
            set(*find_config_key(key.section, "image"), std::string());
        } else if (key.name == "image") {
            set(*find_config_key(key.section, "initrd"), built_in_config().initrd.native());
        }
    }
    loaded.config = with_accepted_annotations(std::move(loaded.config), accepted);
    return loaded;
}

}  // namespace kata::sandbox
