#include "cli/check_releases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string entry(const std::string& tag, const std::string& assets = "[{}]") {
    return R"({"tag_name": ")" + tag + R"(", "html_url": "https://h/)" + tag +
           R"(", "created_at": "2026-01-02", "assets": )" + assets + "}";
}

Release release(const std::string& version) {
    return {version, "https://h/" + version, "2026-01-02"};
}

std::vector<Release> releases(const std::vector<std::string>& versions) {
    std::string list;
    for (const std::string& version : versions) {
        list += (list.empty() ? "" : ",") + entry(version);
    }
    return parse_releases("[" + list + "]");
}

TEST(Releases, AreSortedNewestFirstAndPreReleasesBeforeTheirRelease) {
    EXPECT_THAT(
        releases({"1.2.0", "1.10.0", "2.0.0-rc1", "2.0.0"}),
        ElementsAre(release("2.0.0"), release("2.0.0-rc1"), release("1.10.0"), release("1.2.0")));
}

TEST(Releases, WithoutAVersionOrSomethingToDownloadAreLeftOut) {
    EXPECT_THAT(parse_releases("[" + entry("nightly") + "," + entry("1.2") + "," +
                               entry("1.2.3", "[]") + ",7,{}]"),
                IsEmpty());
}

TEST(Releases, AreAnArray) {
    for (const char* text : {"", "{}", "<html>", R"({"message": "API rate limit exceeded"})"}) {
        EXPECT_THROW(static_cast<void>(parse_releases(text)), base::Error) << text;
    }
}

TEST(ReleaseReport, NamesTheNewestThatIsNewer) {
    EXPECT_EQ(release_report(releases({"1.2.4", "1.3.0-rc1"}), "1.2.3", {}),
              "Newer patch release available: 1.2.4 (url: https://h/1.2.4, date: 2026-01-02)\n");
    EXPECT_EQ(release_report(releases({"1.3.0"}), "1.2.3", {}),
              "Newer minor release available: 1.3.0 (url: https://h/1.3.0, date: 2026-01-02)\n");
    EXPECT_EQ(release_report(releases({"2.0.0"}), "1.2.3", {}),
              "Newer major release available: 2.0.0 (url: https://h/2.0.0, date: 2026-01-02)\n");
}

TEST(ReleaseReport, CountsPreReleasesOnlyIfAskedTo) {
    const auto list = releases({"1.3.0-rc1"});
    EXPECT_EQ(release_report(list, "1.2.3", {}), "No newer release available\n");
    EXPECT_EQ(release_report(list, "1.2.3", {.include_all_releases = true}),
              "Newer minor pre-release release available: 1.3.0-rc1 (url: https://h/1.3.0-rc1, "
              "date: 2026-01-02)\n");
}

TEST(ReleaseReport, ListsWhatIsNewerOrEverything) {
    const auto list = releases({"1.2.3", "1.2.4"});
    EXPECT_EQ(release_report(list, "1.2.3", {.only_list_releases = true}),
              "1.2.4;2026-01-02;https://h/1.2.4\n");
    EXPECT_EQ(
        release_report(list, "1.2.3", {.only_list_releases = true, .include_all_releases = true}),
        "1.2.4;2026-01-02;https://h/1.2.4\n1.2.3;2026-01-02;https://h/1.2.3\n");
}

TEST(ReleaseReport, SaysThatThereIsNothing) {
    EXPECT_EQ(release_report({}, "1.2.3", {}), "No releases available\n");
    EXPECT_EQ(release_report(releases({"1.0.0"}), "1.2.3", {.only_list_releases = true}),
              "No newer release available\n");
}

}  // namespace
}  // namespace kata::cli
