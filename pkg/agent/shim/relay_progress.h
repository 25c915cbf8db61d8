// RelayProgress: when a relay is over. Threads report what they did; one thread waits for the end.
//
// The relay is over when the process has ended and both outputs have been written out. Two cases
// need more: a grandchild may keep an output open after the process has ended (what it writes is
// not waited for), and after a broken connection nobody waits for a reader that does not read.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

namespace kata::agent {

class RelayProgress {
  public:
    using Clock = std::chrono::steady_clock;

    enum class Output : std::size_t { standard_output, standard_error };

    /// How long an output that delivers nothing is waited for after the end of the process.
    explicit RelayProgress(std::chrono::milliseconds idle_limit) : idle_limit_(idle_limit) {}

    /// A piece has arrived and is being written.
    void writing(Output output);
    /// It has been written.
    void written(Output output);
    /// Nothing more will be written.
    void ended(Output output);

    /// @param status the exit status; nullopt: the connection broke, so nobody knows.
    void process_ended(std::optional<int> status);

    /// Waits for the end of the relay. @return what process_ended() was told.
    [[nodiscard]] std::optional<int> wait();

  private:
    struct OutputState {
        bool open = true;
        bool writing = false;
        Clock::time_point last_activity = Clock::now();
    };

    void note(Output output, bool open, bool writing);
    // The time at which this output need not be waited for any more, without further news.
    [[nodiscard]] Clock::time_point given_up_at(const OutputState& state) const;

    std::chrono::milliseconds idle_limit_;
    std::mutex mutex_;
    std::condition_variable news_;
    std::array<OutputState, 2> outputs_;
    bool process_ended_ = false;
    Clock::time_point ended_at_;
    std::optional<int> status_;
};

}  // namespace kata::agent
