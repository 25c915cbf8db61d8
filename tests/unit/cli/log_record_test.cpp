#include "cli/log_record.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kata::cli {
namespace {

using namespace std::chrono_literals;

const auto kTime =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 7h + 28min + 25s + 999ms;

TEST(JsonLine, HasExactlyTheThreeKeysInTheOrderEnginesKnow) {
    EXPECT_EQ(json_line({"error", "container does not exist", kTime}),
              "{\"level\":\"error\",\"msg\":\"container does not exist\","
              "\"time\":\"2026-11-22T07:28:25Z\"}\n");
}

TEST(JsonLine, IsValidForAnyBytes) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
    }
    const std::string line = json_line({"error", bytes, kTime});
    EXPECT_TRUE(nlohmann::json::accept(line));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(JsonLine, KeepsQuotesAndUnicode) {
    const std::string text = "exec: \"x\": \u00e4\\";
    EXPECT_EQ(nlohmann::json::parse(json_line({"error", text, kTime}))["msg"], text);
}

TEST(TextLine, LooksLikeLogrus) {
    EXPECT_EQ(
        text_line({"error", "invalid log-format: \"foo\"", kTime}),
        "time=\"2026-11-22T07:28:25Z\" level=error msg=\"invalid log-format: \\\"foo\\\"\"\n");
}

TEST(RelayedRecord, SaysWhoseItIsInBothForms) {
    const LogRecord record{"info", "hello", kTime, "kernel", "sb"};
    EXPECT_EQ(text_line(record),
              "time=\"2026-11-22T07:28:25Z\" level=info msg=\"hello\" sandbox=\"sb\" "
              "source=\"kernel\"\n");
    const auto parsed = nlohmann::json::parse(json_line(record));
    EXPECT_EQ(parsed["source"], "kernel");
    EXPECT_EQ(parsed["sandbox"], "sb");
    EXPECT_EQ(parsed["level"], "info");
}

TEST(TextLine, IsOneLineForAnyMessage) {
    const std::string line = text_line({"warning", "a\nb\x1b", kTime});
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace kata::cli
