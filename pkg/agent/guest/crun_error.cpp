#include "pkg/agent/guest/crun_error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxShown = 1024;

// The last line that says something: crun's warnings come before its error.
std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    const std::size_t newline = text.rfind('\n');
    return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string exec_prefix(const std::string& executable) {
    return "exec: \"" + base::printable(executable, kMaxShown) + "\": ";
}

Error executable_not_found(const std::string& executable) {
    const bool searched = executable.find('/') == std::string::npos;
    const std::string reason =
        searched ? "executable file not found in $PATH"
                 : "stat " + base::printable(executable, kMaxShown) + ": no such file or directory";
    return {ErrorCode::not_found, exec_prefix(executable) + reason};
}

std::optional<Error> executable_error(const std::string& line, const std::string& executable) {
    if (contains(line, "executable file `") && contains(line, "not found")) {
        return executable_not_found(executable);
    }
    // An empty name and a directory are both "Operation not permitted" to crun.
    if (line.starts_with("open executable") || line.starts_with("exec ")) {
        if (executable.empty() || contains(line, "No such file or directory")) {
            return executable_not_found(executable);
        }
        if (contains(line, "Exec format error")) {
            return Error(ErrorCode::invalid_argument,
                         exec_prefix(executable) + "exec format error");
        }
        return Error(ErrorCode::permission_denied, exec_prefix(executable) + "permission denied");
    }
    return std::nullopt;
}

// crun: chdir `<dir>`: <errno text>. runc: chdir to cwd ("<dir>") set in config.json failed: <errno
// text>.
std::optional<Error> directory_error(const std::string& line) {
    constexpr std::string_view kPrefix = "chdir `";
    if (!line.starts_with(kPrefix)) {
        return std::nullopt;
    }
    const std::size_t end = line.find("`: ", kPrefix.size());
    if (end == std::string::npos) {
        return std::nullopt;
    }
    const std::string directory = line.substr(kPrefix.size(), end - kPrefix.size());
    std::string reason = line.substr(end + 3);
    std::transform(reason.begin(), reason.end(), reason.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
    });
    const bool denied = contains(reason, "permission denied");
    return Error(denied ? ErrorCode::permission_denied : ErrorCode::invalid_argument,
                 "chdir to cwd (\"" + base::printable(directory, kMaxShown) +
                     "\") set in config.json failed: " + base::printable(reason, kMaxShown));
}

struct Phrase {
    std::string_view part;
    ErrorCode code;
};

constexpr std::array kPhrases{
    Phrase{"is not running", ErrorCode::invalid_state},
    Phrase{"exec.fifo`: No such file", ErrorCode::invalid_state},
    Phrase{"/status`: No such file", ErrorCode::not_found},
    Phrase{"already exists", ErrorCode::already_exists},
    Phrase{"setresuid", ErrorCode::invalid_argument},
    Phrase{"setresgid", ErrorCode::invalid_argument},
    Phrase{"setgroups", ErrorCode::invalid_argument},
    Phrase{"Permission denied", ErrorCode::permission_denied},
    Phrase{"Operation not permitted", ErrorCode::permission_denied},
    Phrase{"Invalid argument", ErrorCode::invalid_argument},
    Phrase{"invalid", ErrorCode::invalid_argument},
};

ErrorCode code_of(const std::string& line) {
    for (const Phrase& phrase : kPhrases) {
        if (contains(line, phrase.part)) {
            return phrase.code;
        }
    }
    return ErrorCode::internal;
}

}  // namespace

Error translate_crun_error(const std::string& operation,
                           const std::string& text,
                           const std::string& executable) {
    const std::string line = last_line(text);
    if (const auto error = executable_error(line, executable)) {
        return *error;
    }
    if (const auto error = directory_error(line)) {
        return *error;
    }
    const std::string cause =
        line.empty() ? "crun failed and said nothing" : base::printable(line, kMaxShown);
    return {code_of(line), "cannot " + operation + ": " + cause};
}

}  // namespace kata::agent::guest
