#include "cli/help_layout.h"

#include <algorithm>

#include "cli/options.h"

namespace kata::cli {
namespace {

constexpr std::size_t kIndent = 3;
constexpr std::size_t kGap = 2;
constexpr std::size_t kColumns = 100;

std::string indented(std::string_view text) {
    std::string result(kIndent, ' ');
    for (const char c : text) {
        result += c;
        if (c == '\n') {
            result.append(kIndent, ' ');
        }
    }
    // Empty lines carry no blanks.
    for (std::size_t at = 0; (at = result.find("\n   \n", at)) != std::string::npos;) {
        result.erase(at + 1, kIndent);
    }
    return result + "\n";
}

std::string section(std::string_view title, std::string_view text) {
    return text.empty() ? std::string() : std::string(title) + ":\n" + indented(text) + "\n";
}

/// `text` broken at blanks into lines of at most `width`, each further one indented by `left`.
std::string wrapped(std::string_view text, std::size_t left, std::size_t width) {
    std::string result;
    while (text.size() > width) {
        auto cut = text.rfind(' ', width);
        if (cut == std::string_view::npos) {
            break;
        }
        result.append(text.substr(0, cut)).append("\n").append(left, ' ');
        text.remove_prefix(cut + 1);
    }
    return result.append(text);
}

std::string two_columns(const std::vector<OptionText>& rows) {
    std::size_t widest = 0;
    for (const OptionText& row : rows) {
        widest = std::max(widest, row.names.size());
    }
    const std::size_t left = kIndent + widest + kGap;
    std::string result;
    for (const OptionText& row : rows) {
        result.append(kIndent, ' ').append(row.names);
        result.append(widest + kGap - row.names.size(), ' ');
        result.append(wrapped(row.description, left, kColumns - left)).append("\n");
    }
    return result;
}

/// One line for each form of the arguments.
std::string usage(const CommandText& command) {
    std::string text;
    std::string_view forms = command.arguments;
    do {
        const std::string_view form = forms.substr(0, forms.find('\n'));
        forms.remove_prefix(std::min(forms.size(), form.size() + 1));
        text += text.empty() ? "" : "\n";
        text += std::string(kProgramName) + " [global options] " + std::string(command.name) +
                " [options]" + (form.empty() ? "" : " ") + std::string(form);
    } while (!forms.empty());
    return text;
}

}  // namespace

std::string command_help(const CommandText& command, const std::vector<OptionText>& options) {
    const std::string name = std::string(kProgramName) + " " + std::string(command.name);
    return section("NAME", name + " - " + std::string(command.summary)) +
           section("USAGE", usage(command)) + section("DESCRIPTION", command.description) +
           "OPTIONS:\n" + two_columns(options);
}

std::string program_help(const std::vector<OptionText>& options) {
    std::vector<OptionText> commands;
    for (const CommandText& command : command_texts()) {
        commands.push_back({std::string(command.name), std::string(command.summary)});
    }
    const std::string name = kProgramName;
    return section("NAME", name + " - run OCI containers in virtual machines of libvirt") +
           section("USAGE", name + " [global options] <command> [options] [arguments]") +
           section("DESCRIPTION", program_description()) + section("EXAMPLES", program_examples()) +
           "COMMANDS:\n" + two_columns(commands) + "\n   \"" + name +
           " help <command>\" explains one of them.\n\nGLOBAL OPTIONS:\n" + two_columns(options);
}

}  // namespace kata::cli
