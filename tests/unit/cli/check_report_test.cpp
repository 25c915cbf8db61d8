#include "cli/check_report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kata::cli {
namespace {

using host::Check;
using host::Finding;
using host::Result;
using host::Verdict;

constexpr Check kShort{"a", "short", nullptr};
constexpr Check kLong{"b", "longer title", nullptr};

std::vector<Result> results() {
    return {{&kShort, Finding{.text = "fine", .details = {"property found"}}},
            {&kLong,
             Finding{.verdict = Verdict::warn,
                     .text = "not \x1b[1mfine",
                     .remedy = {"repair it", host::ShareMounts{}}}}};
}

TEST(CheckReport, ShowsALineForEachResultAndTheFixBelow) {
    EXPECT_EQ(check_report_text(results(), false),
              "pass  short         fine\n"
              "warn  longer title  not ?[1mfine\n"
              "      fix: repair it\n");
}

TEST(CheckReport, DoesNotCallAFixWhatOnlyShowsMore) {
    const std::vector<Result> looked = {
        {&kShort,
         Finding{.verdict = Verdict::warn, .text = "full", .remedy = host::look("df -h /")}}};
    EXPECT_EQ(check_report_text(looked, false), "warn  short  full\n      look: df -h /\n");
    const auto check = nlohmann::json::parse(check_report_json(looked))["checks"][0];
    EXPECT_EQ(check["fix"], "");
    EXPECT_EQ(check["look"], "df -h /");
}

TEST(CheckReport, ShowsPropertiesIfAskedTo) {
    EXPECT_EQ(check_report_text({results()[0]}, true), "pass  short  fine\n      property found\n");
}

TEST(CheckReport, IsOneJsonDocument) {
    const auto document = nlohmann::json::parse(check_report_json(results()));
    EXPECT_EQ(document["capable"], true);
    EXPECT_EQ(document["checks"][1],
              nlohmann::json({{"id", "b"},
                              {"title", "longer title"},
                              {"verdict", "warn"},
                              {"text", "not ?[1mfine"},
                              {"fix", "repair it"},
                              {"look", ""},
                              {"fixIsSafe", true}}));
}

TEST(CheckReport, IsNotCapableOnceACheckFailed) {
    const std::vector<Result> failed = {{&kShort, Finding{.verdict = Verdict::fail, .text = "x"}}};
    EXPECT_EQ(nlohmann::json::parse(check_report_json(failed))["capable"], false);
}

}  // namespace
}  // namespace kata::cli
