// The shim's own descriptors 0, 1 and 2, which are the workload's standard input, output and error,
// and the terminal they may be.
#pragma once

#include <optional>
#include <string_view>

#include "pkg/base/unique_fd.h"

namespace kata::agent {

/// The size of a terminal in characters.
struct TerminalSize {
    unsigned rows = 0;
    unsigned columns = 0;
    bool operator==(const TerminalSize&) const = default;
};

/// Makes this process the leader of a session of its own; fine if it is one.
void lead_session();

/// Makes the terminal (a pty slave) the controlling terminal of this session, in raw mode.
/// @throws base::Error if it is no terminal, or another session's.
void take_terminal(base::FdRef terminal);

/// Bytes pass unchanged; an engine may have changed the mode since. Not being a terminal is fine.
void make_raw(base::FdRef terminal);

/// nullopt if `terminal` is none, or has no size yet (0 rows or columns).
[[nodiscard]] std::optional<TerminalSize> terminal_size(base::FdRef terminal);

/// Waits for and reads the next bytes, whether or not the file is non-blocking.
/// @return the number of bytes; 0 at the end of file, after an error, or once `stop` is readable.
[[nodiscard]] std::size_t read_some(base::FdRef fd,
                                    char* buffer,
                                    std::size_t size,
                                    base::FdRef stop);

/// Writes everything, whether or not the file is non-blocking. False: nobody reads it any more, or
/// `stop` became readable.
[[nodiscard]] bool write_everything(base::FdRef fd, std::string_view data, base::FdRef stop);

}  // namespace kata::agent
