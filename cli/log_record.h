// One record of the log as a line of text or JSON, in the shapes that engines read. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace kata::cli {

struct LogRecord {
    std::string_view level;  // debug, warning, error
    std::string_view message;
    std::chrono::system_clock::time_point time;
    std::string_view source{};   // of a relayed line: which program said it ...
    std::string_view sandbox{};  // ... in which sandbox
};

/// `{"level":"error","msg":"...","time":"2024-05-01T10:00:00Z"}` and a newline, for a relayed line
/// with "source" and "sandbox". Valid JSON for any bytes.
[[nodiscard]] std::string json_line(const LogRecord& record);

/// `time="2024-05-01T10:00:00Z" level=error msg="..."` and a newline, for a relayed line with
/// source and sandbox; always one line.
[[nodiscard]] std::string text_line(const LogRecord& record);

}  // namespace kata::cli
