#include "cli/go_flags.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;

constexpr std::array<std::string_view, 6> kTrueWords = {"1", "t", "T", "true", "TRUE", "True"};
constexpr std::array<std::string_view, 6> kFalseWords = {"0", "f", "F", "false", "FALSE", "False"};

struct TypedFlag {
    std::string name;
    std::optional<std::string> value;  // what stood after '='
};

bool is_flag(const std::string& word) {
    return word.size() > 1 && word.front() == '-';
}

TypedFlag read_flag(const std::string& word) {
    const std::string text = word.substr(word.starts_with("--") ? 2 : 1);
    if (text.empty() || text.front() == '-' || text.front() == '=') {
        throw Error(ErrorCode::invalid_argument, "bad flag syntax: " + printable(word));
    }
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
        return {text, std::nullopt};
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string switch_value(const TypedFlag& flag) {
    const std::string value = flag.value.value_or("true");
    if (std::ranges::find(kTrueWords, value) != kTrueWords.end()) {
        return "true";
    }
    if (std::ranges::find(kFalseWords, value) != kFalseWords.end()) {
        return "false";
    }
    throw Error(ErrorCode::invalid_argument,
                "invalid boolean value \"" + printable(value) + "\" for -" + flag.name);
}

}  // namespace

SplitArguments split_go_arguments(const std::vector<std::string>& arguments,
                                  const FlagLookup& lookup) {
    SplitArguments result;
    auto word = arguments.begin();
    for (; word != arguments.end() && is_flag(*word); ++word) {
        if (*word == "--") {
            ++word;
            break;
        }
        TypedFlag typed = read_flag(*word);
        const auto known = lookup(typed.name);
        if (!known) {
            throw Error(ErrorCode::invalid_argument,
                        "flag provided but not defined: -" + printable(typed.name));
        }
        if (!known->takes_value) {
            result.flags.push_back({known->name, switch_value(typed)});
            continue;
        }
        if (!typed.value) {
            if (++word == arguments.end()) {
                throw Error(ErrorCode::invalid_argument, "flag needs an argument: -" + typed.name);
            }
            typed.value = *word;
        }
        result.flags.push_back({known->name, *typed.value});
    }
    result.positionals.assign(word, arguments.end());
    return result;
}

}  // namespace kata::cli
