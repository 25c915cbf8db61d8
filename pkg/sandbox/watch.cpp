#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/interruption.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/event.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

using std::chrono::milliseconds;

// How long a container may have ended before it is noticed.
constexpr milliseconds kLook{500};

bool is_over(const base::Error& error) {
    return error.code() == base::ErrorCode::unavailable ||
           error.code() == base::ErrorCode::not_found ||
           error.code() == base::ErrorCode::invalid_state;
}

/// One container's counters as the last call saw them. The count of kills is the truth about them;
/// what the guest tells unasked only says when to look.
class Watcher {
  public:
    Watcher(Agent& agent, const ContainerRecord& record, const RuntimeConfig& config)
        : agent_(agent), record_(record), config_(config) {}

    /// @return the counters; nullopt: the container has gone.
    std::optional<GuestStats> look(EventSink& sink) {
        try {
            GuestStats stats = agent_.container_stats(record_.id, request_deadline(config_));
            const std::uint64_t before = kills_.value_or(stats.out_of_memory_kills);
            kills_ = stats.out_of_memory_kills;
            announced_ = false;
            for (std::uint64_t kill = kills_to_tell(before, *kills_); kill > 0; --kill) {
                sink.on_out_of_memory();
            }
            return stats;
        } catch (const base::Error& error) {
            if (!is_over(error)) {
                throw;
            }
            // Whoever deleted the container was faster: the count is gone, not what we were told.
            if (std::exchange(announced_, false)) {
                sink.on_out_of_memory();
            }
            return std::nullopt;
        }
    }

    /// Waits for a kill in the sandbox until `until`. @return false: there is no guest any more.
    bool await_kill(base::Deadline until) {
        try {
            announced_ = agent_.next_oom(until) == record_.id;
        } catch (const base::Error& error) {
            if (error.code() == base::ErrorCode::timeout) {
                return true;
            }
            if (!is_over(error)) {
                throw;
            }
            return false;
        }
        return true;
    }

    [[nodiscard]] bool container_lives() const { return base::is_alive(record_.shim); }

  private:
    Agent& agent_;
    const ContainerRecord& record_;
    const RuntimeConfig& config_;
    std::optional<std::uint64_t> kills_;
    bool announced_ = false;  // a kill that no count has shown yet
};

}  // namespace

GuestStats Runtime::stats(const oci::ContainerId& id) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::events);
    const auto deadline = request_deadline(config_);
    return connect_agent(vm_, place, deadline)->container_stats(record.id, deadline);
}

void Runtime::watch(const oci::ContainerId& id,
                    std::chrono::milliseconds interval,
                    EventSink& sink) {
    const ContainerPlace place = store_.get(id);
    const ContainerRecord record = load_record(place);
    require(place, record, oci::Operation::events);
    const auto agent = connect_agent(vm_, place, request_deadline(config_));
    Watcher watcher(*agent, record, config_);
    bool guest_lives = watcher.look(sink).has_value();
    auto next = base::Deadline::after(interval);
    while (guest_lives && watcher.container_lives()) {
        guest_lives = watcher.await_kill(next.at_most(kLook));
        const auto stats = guest_lives ? watcher.look(sink) : std::nullopt;
        if (stats && next.passed()) {
            sink.on_stats(*stats);
            next = base::Deadline::after(interval);
        }
    }
    if (guest_lives) {
        static_cast<void>(watcher.look(sink));
    }
}

}  // namespace kata::sandbox
