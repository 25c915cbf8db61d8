#include "cli/signal_name.h"

#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

TEST(ParseSignal, TakesEveryNumberTheKernelKnows) {
    for (int number = 1; number <= 64; ++number) {
        EXPECT_EQ(parse_signal(std::to_string(number)), number);
    }
}

TEST(ParseSignal, TakesNamesInAnyCaseWithAndWithoutPrefix) {
    EXPECT_EQ(parse_signal("KILL"), SIGKILL);
    EXPECT_EQ(parse_signal("SIGKILL"), SIGKILL);
    EXPECT_EQ(parse_signal("sigTerm"), SIGTERM);
    EXPECT_EQ(parse_signal("winch"), SIGWINCH);
    EXPECT_EQ(parse_signal("IOT"), SIGABRT);
    EXPECT_EQ(parse_signal("SIGCLD"), SIGCHLD);
    EXPECT_EQ(parse_signal("POLL"), SIGIO);
    EXPECT_EQ(parse_signal("STKFLT"), SIGSTKFLT);
}

TEST(ParseSignal, TakesRealTimeNames) {
    EXPECT_EQ(parse_signal("SIGRTMIN"), 34);
    EXPECT_EQ(parse_signal("rtmin+3"), 37);
    EXPECT_EQ(parse_signal("SIGRTMAX"), 64);
    EXPECT_EQ(parse_signal("RTMAX-14"), 50);
}

class BadSignal : public testing::TestWithParam<std::string> {};

TEST_P(BadSignal, IsRefused) {
    try {
        static_cast<void>(parse_signal(GetParam()));
        FAIL() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::invalid_argument);
        EXPECT_THAT(error.what(), testing::HasSubstr("unknown signal \""));
    }
}

INSTANTIATE_TEST_SUITE_P(All,
                         BadSignal,
                         testing::Values("",
                                         "0",
                                         "65",
                                         "-9",
                                         "+9",
                                         "9x",
                                         "SIG",
                                         "SIG9",
                                         "NOPE",
                                         "RTMIN-1",
                                         "RTMIN+",
                                         "RTMIN+31",
                                         "RTMAX+1",
                                         "RTMIN+x",
                                         "99999999999999999999"));

}  // namespace
}  // namespace kata::cli
