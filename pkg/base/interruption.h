// Interruption: SIGINT, SIGTERM and SIGHUP as a request to stop, seen by whoever waits.
//
// The handler only sets a flag and cuts system calls short (EINTR); the waiting code asks the flag
// and throws, so that everything already done is undone on the normal error path. The request
// counts once: when it has been thrown, the undoing that follows is not interrupted any more.
#pragma once

#include <chrono>

namespace kata::base {

/// From now on the three signals set the flag instead of ending the process.
void catch_interruptions();

/// Whether one of them has arrived and has not been thrown yet.
[[nodiscard]] bool interrupted() noexcept;

/// How long an operation may block before it asks again: a signal may come just before the call.
inline constexpr std::chrono::milliseconds kInterruptionInterval{50};

/// @throws Error interrupted, naming the signal; once for all of them.
void throw_if_interrupted();

}  // namespace kata::base
