// ConfigKey: one key of configuration.toml and, where there is one, the annotation that overrides
// it. The table of all keys is the only source for their names, types, ranges, defaults and for
// what they do here: the parser, annotations, `config show`, the manual page and the commented
// configuration.toml are driven by it or tested against it. Passive data.
//
// A key is either effective (it has a setter) or not applicable (its text says what to use
// instead): keys that Kata Containers 1.x or 3.x know and that change nothing here are accepted,
// never obeyed.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kata::sandbox {

struct RuntimeConfig;

enum class ValueType {
    flag,    // true or false
    whole,   // a whole number
    number,  // a number, with a fraction or without
    text,
    path,        // absolute, or empty
    guest_path,  // the same, of a file in the guest
    digest,      // a SHA-512 in hexadecimal
    texts,       // an array of strings
    patterns,    // an array of regular expressions
    tables,      // an array of tables; their content is not looked at
};

using ConfigValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

inline constexpr std::int64_t kMostUint32 = std::numeric_limits<std::uint32_t>::max();

/// Which values of its type a key takes.
struct ValueRule {
    std::int64_t least = 0;
    std::int64_t most = kMostUint32;
    std::string_view words;  // of a text: those allowed, with spaces between; empty: any
    // Of a text: words of Kata Containers that are taken as another one, "bridged=tcfilter".
    std::string_view stand_ins{};
};

using ConfigSetter = void (*)(RuntimeConfig&, const ConfigValue&);

struct ConfigKey {
    std::string_view section;  // "hypervisor.qemu"; empty: there is an annotation only
    std::string_view name;     // "*": every key of the section and of those below it
    ValueType type = ValueType::text;
    std::string_view fallback;  // the default, as TOML writes it
    ValueRule rule;
    std::string_view annotation;  // behind "io.katacontainers."; kSameName; empty: none
    std::string_view allowed_by;  // of a restricted annotation: the key that lists its values
    ConfigSetter set = nullptr;   // nullptr: not applicable
    std::string_view text;        // effective: what it decides; else what to use instead
};

/// The annotation is config.<first word of the section>.<name>.
inline constexpr std::string_view kSameName = "=";

/// Every key there is, in the order of the manual page.
[[nodiscard]] const std::vector<ConfigKey>& config_keys();

/// "hypervisor.qemu.kernel"
[[nodiscard]] std::string dotted_name(const ConfigKey& key);

/// Whether a message is about the key: it has the key's name, dotted if that is a single word.
[[nodiscard]] bool names_key(std::string_view text, const ConfigKey& key);

/// The key of `section` called `name`, a row for the whole section included; nullptr: unknown.
[[nodiscard]] const ConfigKey* find_config_key(std::string_view section, std::string_view name);

/// Whether `section` is one that has keys, or one above such a section.
[[nodiscard]] bool is_config_section(std::string_view section);

/// "did you mean ...?" or another next step for a key that is not known.
[[nodiscard]] std::string suggestion_for(std::string_view section, std::string_view name);

/// The same for a section that is not known.
[[nodiscard]] std::string suggestion_for_section(std::string_view section);

/// The whole name of the annotation that overrides the key; empty: there is none.
[[nodiscard]] std::string annotation_of(const ConfigKey& key);

/// The key that the annotation of this whole name overrides; nullptr: unknown.
[[nodiscard]] const ConfigKey* find_annotation(std::string_view annotation);

inline constexpr std::string_view kAnnotationPrefix = "io.katacontainers.";
/// Annotations below this need leave by enable_annotations.
inline constexpr std::string_view kHypervisorPrefix = "io.katacontainers.config.hypervisor.";

// The parts of the table, a file each.
[[nodiscard]] std::span<const ConfigKey> machine_keys();
[[nodiscard]] std::span<const ConfigKey> device_keys();
[[nodiscard]] std::span<const ConfigKey> other_keys();
[[nodiscard]] std::span<const ConfigKey> annotation_only_keys();

}  // namespace kata::sandbox
