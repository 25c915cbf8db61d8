#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_text.h"
#include "cli/help_layout.h"
#include "cli/options.h"
#include "pkg/base/file.h"

namespace kata::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> topics() {
    std::vector<std::string> names = {""};
    for (const CommandText& text : command_texts()) {
        names.emplace_back(text.name);
    }
    return names;
}

/// Every word of `text` that begins with a dash and is an option.
std::set<std::string> options_in(const std::string& text) {
    static const std::regex option("(^|[^A-Za-z0-9-])(--?[a-z][a-z-]*)");
    std::set<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at) {
        found.insert((*at)[2]);
    }
    return found;
}

/// The part of a help page that lists its options.
std::string option_list(const std::string& help) {
    return help.substr(help.rfind("OPTIONS:\n"));
}

std::set<std::string> listed_options(const std::string& help) {
    static const std::regex line("^   (-.*)$", std::regex::multiline);
    const std::string list = option_list(help);
    std::set<std::string> found;
    for (std::sregex_iterator at(list.begin(), list.end(), line), end; at != end; ++at) {
        const std::string names = (*at)[1].str().substr(0, (*at)[1].str().find("  "));
        found.merge(options_in(names));
    }
    return found;
}

class Help : public testing::TestWithParam<std::string> {};

TEST_P(Help, FitsAHundredColumnsWithoutBlanksAtTheEndOfLines) {
    const std::string help = help_text(GetParam()).value();
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << line;
        EXPECT_THAT(line, Not(testing::EndsWith(" ")));
    }
}

TEST_P(Help, NamesTheUsageAndAtLeastOneOption) {
    const std::string help = help_text(GetParam()).value();
    EXPECT_THAT(help, HasSubstr("NAME:\n   kata-runtime"));
    EXPECT_THAT(help, HasSubstr("USAGE:\n   kata-runtime [global options] "));
    EXPECT_THAT(help, HasSubstr("--help, -h"));
}

TEST_P(Help, ListsTheOptionsThatTheManPageExplains) {
    const std::string help = help_text(GetParam()).value();
    const std::string page =
        GetParam().empty() ? "kata-runtime.8.scd" : "kata-runtime-" + GetParam() + ".8.scd";
    const std::string text = base::read_file(std::filesystem::path(KATA_MAN_DIR) / page);
    std::set<std::string> explained;
    static const std::regex heading("^\\*(-.*)$", std::regex::multiline);
    for (std::sregex_iterator at(text.begin(), text.end(), heading), end; at != end; ++at) {
        explained.merge(options_in((*at)[1]));
    }
    EXPECT_EQ(listed_options(help), explained) << page;
}

INSTANTIATE_TEST_SUITE_P(All, Help, testing::ValuesIn(topics()), [](const auto& test) {
    std::string name = test.param.empty() ? "program" : test.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(HelpText, OfAnUnknownCommandDoesNotExist) {
    EXPECT_EQ(help_text("nope"), std::nullopt);
}

TEST(HelpText, OfTheProgramListsEveryCommand) {
    const std::string help = help_text("").value();
    for (const CommandText& text : command_texts()) {
        EXPECT_THAT(help, HasSubstr("\n   " + std::string(text.name) + " "));
    }
}

TEST(HelpLayout, WrapsALongDescriptionUnderItself) {
    const std::string help =
        command_help({.name = "x", .arguments = "", .summary = "y", .description = ""},
                     {{"--long", std::string(50, 'a') + " " + std::string(50, 'b')}});
    EXPECT_THAT(help,
                HasSubstr("\n   --long  " + std::string(50, 'a') + "\n" + std::string(11, ' ') +
                          std::string(50, 'b') + "\n"));
}

}  // namespace
}  // namespace kata::cli
