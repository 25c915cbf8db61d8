// Go's flag syntax, which engines and people use with OCI runtimes: one dash or two, `--name value`
// or
// `--name=value`, `--switch=false`, flags only before the first positional argument, `--` ends
// them. This is only the splitting of words; which flags exist, and what their values mean, is
// options.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kata::cli {

struct KnownFlag {
    std::string name;  // the long name without dashes, whatever was typed
    bool takes_value = false;
};

/// @param name as typed, without its dashes. @return nullopt: there is no such flag.
using FlagLookup = std::function<std::optional<KnownFlag>(const std::string& name)>;

struct GivenFlag {
    std::string name;   // KnownFlag::name
    std::string value;  // a switch: "true" or "false"

    bool operator==(const GivenFlag&) const = default;
};

struct SplitArguments {
    std::vector<GivenFlag> flags;  // in the order of the command line
    std::vector<std::string> positionals;
};

/// @param arguments without the program's name.
/// @throws base::Error invalid_argument in the words of Go's flag package.
[[nodiscard]] SplitArguments split_go_arguments(const std::vector<std::string>& arguments,
                                                const FlagLookup& lookup);

}  // namespace kata::cli
