#include "pkg/host/text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "pkg/base/file.h"

namespace kata::host {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                        text.back() == text.front();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::vector<std::string> lines_of(std::string_view text) {
    return split(text, '\n');
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        const auto end = std::min(text.find_first_of(kBlanks), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return words;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || text.empty() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::string> value_of(std::string_view text, std::string_view key, char separator) {
    for (const std::string& line : lines_of(text)) {
        const std::string_view rest = line;
        const auto at = rest.find(separator);
        if (at != std::string_view::npos && trimmed(rest.substr(0, at)) == key) {
            return std::string(unquoted(trimmed(rest.substr(at + 1))));
        }
    }
    return std::nullopt;
}

std::string text_of(const std::filesystem::path& file) {
    return base::try_read_file(file).value_or(std::string());
}

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        names.push_back(at->path().filename().native());
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace kata::host
