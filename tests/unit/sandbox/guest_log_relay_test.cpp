#include "pkg/sandbox/guest_log_relay.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::RelayedLine;
using testing::ElementsAre;
using testing::IsEmpty;

class RecordingLog : public base::Log {
  public:
    void debug(const std::string& message) override { others.push_back(message); }
    void warning(const std::string& message) override { others.push_back(message); }
    void relay(const RelayedLine& line) override {
        lines.push_back(line.source + " " + line.sandbox + " " + line.level + ": " + line.message);
    }

    std::vector<std::string> lines;
    std::vector<std::string> others;
};

RelayedLine line_of(std::string_view text) {
    return relayed_line(text, "sb").value_or(RelayedLine{});
}

TEST(RelayedGuestLine, IsTheAgentsByItsFirstWord) {
    EXPECT_EQ(line_of("kata-agent: cannot mount /x\r"),
              (RelayedLine{"agent", "sb", "error", "cannot mount /x"}));
    EXPECT_EQ(line_of("kata-agent: debug: removed container c"),
              (RelayedLine{"agent", "sb", "debug", "removed container c"}));
    EXPECT_EQ(line_of("a kata-agent: no").source, "console");
}

TEST(RelayedGuestLine, OfTheKernelHasItsLevel) {
    EXPECT_EQ(line_of("<6>[    0.1] Linux version 6.1"),
              (RelayedLine{"kernel", "sb", "info", "[    0.1] Linux version 6.1"}));
    EXPECT_EQ(line_of("<0>panic").level, "error");
    EXPECT_EQ(line_of("<3>oops").level, "error");
    EXPECT_EQ(line_of("<4>hm").level, "warning");
    EXPECT_EQ(line_of("<7>psst").level, "debug");
    EXPECT_EQ(line_of("<8>no priority").source, "console");
    EXPECT_EQ(line_of("<6>").source, "console");
}

TEST(RelayedGuestLine, HasNoControlSequencesAndAnEnd) {
    EXPECT_EQ(line_of("\x1b[31;1mred\x1b[0m\x1b"
                      "c and\tplain\x07")
                  .message,
              "red and plain?");
    EXPECT_EQ(line_of("\x1b[31").message, "");
    EXPECT_EQ(line_of(std::string(5000, 'x')).message.size(), 1024U + 3U);
    EXPECT_EQ(relayed_line("\r", "sb"), std::nullopt);
    EXPECT_EQ(relayed_line("", "sb"), std::nullopt);
}

class GuestLogRelay : public testing::Test {
  protected:
    GuestLogRelay() { config_.guest_debug = true; }

    void print(const std::string& text) {
        std::ofstream(place_.console_log(), std::ios::app | std::ios::binary) << text;
    }
    void relay() {
        log_.lines.clear();
        relay_guest_log(config_, place_, log_);
    }

    test::TemporaryDirectory directory_;
    ContainerPlace place_{oci::ContainerId("c"), "sb", directory_.path(), directory_.path() / "c"};
    RuntimeConfig config_;
    RecordingLog log_;
};

TEST_F(GuestLogRelay, PassesEachWholeLineOnOnce) {
    print("one\ntwo\nthr");
    relay();
    EXPECT_THAT(log_.lines, ElementsAre("console sb info: one", "console sb info: two"));
    relay();
    EXPECT_THAT(log_.lines, IsEmpty());
    print("ee\n");
    relay();
    EXPECT_THAT(log_.lines, ElementsAre("console sb info: three"));
}

TEST_F(GuestLogRelay, PassesOnWhatIsAskedForOnly) {
    print("kata-agent: a\n<6>k\nc\n");
    config_.guest_debug = false;
    relay();
    EXPECT_THAT(log_.lines, IsEmpty());
    config_.agent_debug = true;
    relay();
    EXPECT_THAT(log_.lines, ElementsAre("agent sb error: a"));
}

TEST_F(GuestLogRelay, IsBounded) {
    const std::string line = std::string(1023, 'x') + "\n";
    for (int i = 0; i < 300; ++i) {
        print(line);
    }
    relay();
    ASSERT_EQ(log_.lines.size(), 257U);
    EXPECT_EQ(log_.lines.front(), "console sb warning: 45056 bytes are left out");
}

TEST_F(GuestLogRelay, OfASandboxWithoutAConsoleIsSilent) {
    relay();
    EXPECT_THAT(log_.lines, IsEmpty());
    EXPECT_THAT(log_.others, IsEmpty());
}

TEST_F(GuestLogRelay, StartsAgainWithAConsoleThatIsShorter) {
    print("one\ntwo\n");
    relay();
    std::ofstream(place_.console_log(), std::ios::trunc) << "new\n";
    relay();
    EXPECT_THAT(log_.lines, IsEmpty());  // it ends where the other was read to or before
    print("more\n");
    relay();
    EXPECT_THAT(log_.lines, ElementsAre("console sb info: more"));
}

}  // namespace
}  // namespace kata::sandbox
