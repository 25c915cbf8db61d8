// Error: the one exception type that crosses a function border in this project.
//
// It is: a code that decides behaviour, a one-line message for people, and an optional cause.
// It is not: a log entry. Whoever throws does not log; main reports once, at the end.
//
// Foreign errors (errno, virError, grpc::Status, nlohmann, toml++) are translated once, in the
// folder that owns the foreign library. Message shape: operation + object + cause, lower case, no
// full stop, and the next step after a semicolon when there is one:
//   cannot open "/run/x": permission denied; run as root
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace kata::base {

/// What a caller may decide upon. Text is never parsed to decide.
enum class ErrorCode {
    invalid_argument,   // the request itself is wrong: option, bundle, configuration
    not_found,          // the named container, VM, file does not exist
    already_exists,     // the id or the object is in use
    invalid_state,      // not allowed in the present OCI state
    permission_denied,  // the kernel or a daemon refused
    unsupported,        // understood, and not to be had on this host or in a VM
    timeout,            // a deadline passed
    unavailable,        // libvirt, the VM or the agent is not there (any more)
    interrupted,        // a signal asked us to stop
    internal,           // a bug or a corrupted file of ours
};

class Error : public std::runtime_error {
  public:
    Error(ErrorCode code, const std::string& message);

    /// `cause` is appended to what() after ": ".
    Error(ErrorCode code, const std::string& message, const std::string& cause);

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }

    /// The same error with `context` put before its text: "context: text". The code is kept.
    [[nodiscard]] Error with_context(std::string_view context) const;

  private:
    ErrorCode code_;
};

/// The name of a code as written in JSON and test output, e.g. "not_found".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// An Error for a failed system call: "cannot <operation> "<object>": <text of errno>".
/// @param error_number errno of the failed call; decides the code (ENOENT -> not_found, ...).
[[nodiscard]] Error errno_error(std::string_view operation,
                                std::string_view object,
                                int error_number);

/// The text of an errno value without the thread-unsafe buffer of strerror(3).
[[nodiscard]] std::string errno_text(int error_number);

/// `text` on one line, control characters, escapes and invalid UTF-8 replaced by '?', cut between
/// two characters to `max_bytes` (then "..."). For every string that came from a guest, an image or
/// a file of a stranger before it is shown.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 4096);

}  // namespace kata::base
