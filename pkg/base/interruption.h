// Interruption: SIGINT, SIGTERM and SIGHUP as a request to stop, seen by whoever waits.
//
// The handler only sets a flag and cuts system calls short (EINTR); the waiting code asks the flag
// and throws, so that everything already done is undone on the normal error path.
#pragma once

namespace kata::base {

/// From now on the three signals set the flag instead of ending the process.
void catch_interruptions();

/// Whether one of them has arrived.
[[nodiscard]] bool interrupted() noexcept;

/// @throws Error interrupted, naming the signal.
void throw_if_interrupted();

}  // namespace kata::base
