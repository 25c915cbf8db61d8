#include "cli/duration.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, ReadsWhatGoProgramsRead) {
    EXPECT_EQ(parse_duration("5s"), milliseconds(5000));
    EXPECT_EQ(parse_duration("1m30s"), milliseconds(90000));
    EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
    EXPECT_EQ(parse_duration("2h"), milliseconds(7200000));
}

TEST(ParseDuration, RoundsUpToAMillisecond) {
    EXPECT_EQ(parse_duration("1ns"), milliseconds(1));
    EXPECT_EQ(parse_duration("1100us"), milliseconds(2));
}

TEST(ParseDuration, RefusesWhatIsNoSpan) {
    for (const char* text :
         {"", "5", "s", "0s", "-1s", "5 s", "5sx", "1e3s", "5parsecs", "999999999999h", "nan"}) {
        EXPECT_THROW((void)parse_duration(text), base::Error) << text;
    }
}

}  // namespace
}  // namespace kata::cli
