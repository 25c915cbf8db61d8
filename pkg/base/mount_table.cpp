#include "pkg/base/mount_table.h"

#include <algorithm>
#include <optional>
#include <sstream>

namespace kata::base {
namespace {

std::vector<std::string> words_of(const std::string& options) {
    std::vector<std::string> words;
    std::istringstream stream(options);
    for (std::string word; std::getline(stream, word, ',');) {
        words.push_back(unescaped(word));
    }
    return words;
}

// id parent major:minor root mountpoint options [tag...] - type source options
std::optional<MountEntry> parse_line(const std::string& line) {
    std::istringstream words(line);
    std::string id;
    std::string parent;
    std::string root;
    std::string mount_point;
    std::string options;
    MountEntry entry;
    if (!(words >> id >> parent >> entry.number >> root >> mount_point >> options)) {
        return std::nullopt;
    }
    for (std::string tag; words >> tag && tag != "-";) {
        entry.tags.push_back(tag);
    }
    std::string source;
    std::string fs_options;
    words >> entry.fs_type >> source >> fs_options;
    entry.root = unescaped(root);
    entry.mount_point = unescaped(mount_point);
    entry.options = words_of(options);
    entry.source = unescaped(source);
    entry.fs_options = words_of(fs_options);
    return entry;
}

bool is_octal(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
}

}  // namespace

std::string unescaped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view digits = text.substr(std::min(i + 1, text.size()), 3);
        if (text[i] == '\\' && digits.size() == 3 && is_octal(digits)) {
            result += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 +
                                        (digits[2] - '0'));
            i += 3;
        } else {
            result += text[i];
        }
    }
    return result;
}

std::vector<MountEntry> parse_mount_table(std::string_view mountinfo) {
    std::vector<MountEntry> table;
    std::istringstream lines{std::string(mountinfo)};
    for (std::string line; std::getline(lines, line);) {
        if (auto entry = parse_line(line)) {
            table.push_back(std::move(*entry));
        }
    }
    return table;
}

}  // namespace kata::base
