#include "pkg/base/did_you_mean.h"

#include <gtest/gtest.h>

namespace kata::base {
namespace {

const std::vector<std::string_view> kWords = {"create", "start", "state", "delete", "ps"};

TEST(EditDistance, CountsInsertionsDeletionsChangesAndSwaps) {
    EXPECT_EQ(edit_distance("state", "state"), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("stat", "state"), 1U);
    EXPECT_EQ(edit_distance("statte", "state"), 1U);
    EXPECT_EQ(edit_distance("stale", "state"), 1U);
    EXPECT_EQ(edit_distance("satte", "state"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(DidYouMean, SuggestsTheNearestWord) {
    EXPECT_EQ(did_you_mean("creat", kWords), "create");
    EXPECT_EQ(did_you_mean("dlete", kWords), "delete");
    EXPECT_EQ(did_you_mean("statw", kWords), "state");
}

TEST(DidYouMean, IsSilentWithoutANearWord) {
    EXPECT_EQ(did_you_mean("frobnicate", kWords), std::nullopt);
    EXPECT_EQ(did_you_mean("", kWords), std::nullopt);
    EXPECT_EQ(did_you_mean(std::string(100000, 'x'), kWords), std::nullopt);
}

}  // namespace
}  // namespace kata::base
