// The log of one invocation: the file of --log, or the system's log if there is no --log and the
// host has one, or nowhere. It never writes to the standard streams (exit_code.h does), which
// belong to the workload, unless --log names one of them.
//
// A file gets exactly one record of a failed command, its error: engines parse the whole file as
// one JSON object. Warnings are therefore held back until the command has succeeded; with --debug
// everything is written at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "pkg/base/log.h"

namespace spdlog {
class logger;
}

namespace kata::cli {

class AppendingSink;

class CommandLog : public base::Log {
  public:
    /// Opens the file (appending, made 0644 if it is missing) or the system's log.
    /// @throws base::Error if the file cannot be opened.
    explicit CommandLog(const GlobalOptions& options);
    ~CommandLog() override;
    CommandLog(const CommandLog&) = delete;
    CommandLog& operator=(const CommandLog&) = delete;
    CommandLog(CommandLog&&) = delete;
    CommandLog& operator=(CommandLog&&) = delete;

    void debug(const std::string& message) override;
    void warning(const std::string& message) override;
    void relay(const base::RelayedLine& line) override;

    /// The one error of a failed command; warnings held back are dropped.
    void error(const std::string& message);

    /// The command has succeeded: writes the warnings held back.
    void finish();

    /// From now on debug records are written (the configuration's enable_debug).
    void enable_debug();

    /// Whether records go to what is also this process's standard error.
    [[nodiscard]] bool is_standard_error() const { return is_standard_error_; }

  private:
    std::shared_ptr<spdlog::logger> logger_;
    std::shared_ptr<AppendingSink> file_;  // none: the system's log
    bool hold_warnings_ = false;
    bool is_standard_error_ = false;
    std::vector<std::string> held_;
};

}  // namespace kata::cli
