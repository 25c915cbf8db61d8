#include "cli/log_record.h"

#include <time.h>

#include <array>

#include <nlohmann/json.hpp>

namespace kata::cli {
namespace {

using nlohmann::json;

/// A JSON string; bytes that are no UTF-8 become U+FFFD, so that the line stays readable to
/// parsers.
std::string quoted(std::string_view text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string utc(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    struct tm parts {};
    ::gmtime_r(&seconds, &parts);
    std::array<char, sizeof "2024-05-01T10:00:00Z"> text{};
    return {text.data(), ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

std::string json_line(const LogRecord& record) {
    std::string line = "{\"level\":" + quoted(record.level) + ",\"msg\":" + quoted(record.message);
    if (!record.source.empty()) {
        line += ",\"sandbox\":" + quoted(record.sandbox) + ",\"source\":" + quoted(record.source);
    }
    return line + ",\"time\":\"" + utc(record.time) + "\"}\n";
}

std::string text_line(const LogRecord& record) {
    std::string line = "time=\"" + utc(record.time) + "\" level=" + std::string(record.level) +
                       " msg=" + quoted(record.message);
    if (!record.source.empty()) {
        line += " sandbox=" + quoted(record.sandbox) + " source=" + quoted(record.source);
    }
    return line + "\n";
}

}  // namespace kata::cli
