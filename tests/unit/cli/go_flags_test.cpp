#include "cli/go_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

std::optional<KnownFlag> known(const std::string& name) {
    if (name == "root" || name == "r") {
        return KnownFlag{"root", true};
    }
    if (name == "debug" || name == "d") {
        return KnownFlag{"debug", false};
    }
    return std::nullopt;
}

struct Case {
    Words words;
    std::vector<GivenFlag> flags;
    Words positionals;
};

class GoFlags : public testing::TestWithParam<Case> {};

TEST_P(GoFlags, AreSplitAsGoSplitsThem) {
    const SplitArguments split = split_go_arguments(GetParam().words, known);
    EXPECT_EQ(split.flags, GetParam().flags);
    EXPECT_EQ(split.positionals, GetParam().positionals);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    GoFlags,
    testing::Values(Case{{}, {}, {}},
                    Case{{"--root", "/r", "list"}, {{"root", "/r"}}, {"list"}},
                    Case{{"-root", "/r"}, {{"root", "/r"}}, {}},
                    Case{{"--root=/r"}, {{"root", "/r"}}, {}},
                    Case{{"-root=/r"}, {{"root", "/r"}}, {}},
                    Case{{"-r", "/r"}, {{"root", "/r"}}, {}},
                    Case{{"--r=/r"}, {{"root", "/r"}}, {}},
                    Case{{"--root="}, {{"root", ""}}, {}},
                    Case{{"--root", ""}, {{"root", ""}}, {}},
                    Case{{"--root=a=b"}, {{"root", "a=b"}}, {}},
                    Case{{"--root", "--debug"}, {{"root", "--debug"}}, {}},
                    Case{{"--debug"}, {{"debug", "true"}}, {}},
                    Case{{"-debug=false", "-d=T"}, {{"debug", "false"}, {"debug", "true"}}, {}},
                    Case{{"--debug", "true"}, {{"debug", "true"}}, {"true"}},
                    Case{{"id", "ls", "-l", "--debug"}, {}, {"id", "ls", "-l", "--debug"}},
                    Case{{"--debug", "--", "--root", "x"}, {{"debug", "true"}}, {"--root", "x"}},
                    Case{{"-", "--debug"}, {}, {"-", "--debug"}},
                    Case{{"", "--debug"}, {}, {"", "--debug"}}));

struct Refusal {
    Words words;
    std::string message;
};

class BadGoFlags : public testing::TestWithParam<Refusal> {};

TEST_P(BadGoFlags, AreRefusedInGosWords) {
    try {
        static_cast<void>(split_go_arguments(GetParam().words, known));
        FAIL() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::invalid_argument);
        EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadGoFlags,
    testing::Values(Refusal{{"--nope"}, "flag provided but not defined: -nope"},
                    Refusal{{"-nope=1"}, "flag provided but not defined: -nope"},
                    Refusal{{"--root"}, "flag needs an argument: -root"},
                    Refusal{{"--debug=maybe"}, "invalid boolean value \"maybe\" for -debug"},
                    Refusal{{"--debug="}, "invalid boolean value"},
                    Refusal{{"---root"}, "bad flag syntax: ---root"},
                    Refusal{{"--=x"}, "bad flag syntax: --=x"},
                    Refusal{{"-=x"}, "bad flag syntax: -=x"}));

}  // namespace
}  // namespace kata::cli
