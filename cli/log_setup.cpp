#include "cli/log_setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/syslog_sink.h>

#include "cli/log_record.h"
#include "pkg/base/file.h"

namespace kata::cli {

/// Appends each record with one write, so that records of commands running at once do not mix, and
/// closes its file on exec, which the library's own file sink does not.
class AppendingSink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    AppendingSink(base::UniqueFd file, bool as_json) : file_(std::move(file)), as_json_(as_json) {}

    void append(const LogRecord& record) const {
        base::write_all(file_.ref(), as_json_ ? json_line(record) : text_line(record), "log file");
    }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const auto level = spdlog::level::to_string_view(message.level);
        const LogRecord record = {{level.data(), level.size()},
                                  {message.payload.data(), message.payload.size()},
                                  message.time};
        append(record);
    }
    void flush_() override {}

  private:
    base::UniqueFd file_;
    bool as_json_;
};

namespace {

constexpr const char* kSystemLogSocket = "/dev/log";

bool same_file(int first, int second) {
    struct stat a {};
    struct stat b {};
    return ::fstat(first, &a) == 0 && ::fstat(second, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

spdlog::sink_ptr system_log() {
    if (::access(kSystemLogSocket, W_OK) != 0) {
        return std::make_shared<spdlog::sinks::null_sink_mt>();
    }
    return std::make_shared<spdlog::sinks::syslog_sink_mt>(
        kProgramName, LOG_PID, LOG_DAEMON, false);
}

}  // namespace

CommandLog::CommandLog(const GlobalOptions& options) {
    spdlog::sink_ptr sink;
    if (options.log.empty()) {
        sink = system_log();
    } else {
        base::UniqueFd file =
            base::open_file(options.log, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0644);
        is_standard_error_ = same_file(file.get(), STDERR_FILENO);
        hold_warnings_ = true;
        file_ = std::make_shared<AppendingSink>(std::move(file), options.log_as_json);
        sink = file_;
    }
    logger_ = std::make_shared<spdlog::logger>(kProgramName, std::move(sink));
    logger_->set_level(spdlog::level::warn);
    if (options.debug) {
        enable_debug();
    }
}

CommandLog::~CommandLog() = default;

void CommandLog::enable_debug() {
    hold_warnings_ = false;
    logger_->set_level(spdlog::level::debug);
}

void CommandLog::debug(const std::string& message) {
    logger_->debug(message);
}

void CommandLog::warning(const std::string& message) {
    if (hold_warnings_) {
        held_.push_back(message);
    } else {
        logger_->warn(message);
    }
}

void CommandLog::relay(const base::RelayedLine& line) {
    if (file_) {
        file_->append({line.level,
                       line.message,
                       std::chrono::system_clock::now(),
                       line.source,
                       line.sandbox});
        return;
    }
    const auto level = spdlog::level::from_str(line.level);
    const std::string text =
        "source=" + line.source + " sandbox=" + line.sandbox + ": " + line.message;
    for (const auto& sink : logger_->sinks()) {
        sink->log({logger_->name(), level, text});
    }
}

void CommandLog::error(const std::string& message) {
    held_.clear();
    logger_->error(message);
}

void CommandLog::finish() {
    for (const std::string& message : std::exchange(held_, {})) {
        logger_->warn(message);
    }
}

}  // namespace kata::cli
