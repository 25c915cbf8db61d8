// Log: where records for the administrator go. An interface, so that no folder but cli knows the
// logging library. Errors are not logged here: they are thrown, and main reports each of them once.
#pragma once

#include <string>

namespace kata::base {

/// What another program has said, on its way to the same place.
struct RelayedLine {
    std::string source;   // who: "agent", "kernel", "console"
    std::string sandbox;  // where
    std::string level;    // "debug", "info", "warning" or "error"
    std::string message;  // one printable line
    bool operator==(const RelayedLine&) const = default;
};

class Log {
  public:
    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    Log(Log&&) = delete;
    Log& operator=(Log&&) = delete;
    virtual ~Log() = default;

    /// One line each; nothing of it ever reaches the workload's standard streams.
    virtual void debug(const std::string& message) = 0;
    virtual void warning(const std::string& message) = 0;
    /// Written whatever the level of our own records is.
    virtual void relay(const RelayedLine& line) = 0;
};

/// Drops everything (tests, commands without a log).
class NullLog : public Log {
  public:
    void debug(const std::string& /*message*/) override {}
    void warning(const std::string& /*message*/) override {}
    void relay(const RelayedLine& /*line*/) override {}
};

}  // namespace kata::base
