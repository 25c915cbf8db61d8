#include <algorithm>
#include <chrono>
#include <optional>

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

/// One container's counters as the last call saw them. Whoever deletes it may be faster than the
/// next look, so a kill is told when the guest answers for it.
class Watcher {
  public:
    Watcher(Agent& agent, const ContainerRecord& record, const RuntimeConfig& config)
        : agent_(agent), record_(record), config_(config) {}

    /// @return the counters; nullopt: the container has gone.
    std::optional<GuestStats> look(EventSink& sink) {
        try {
            GuestStats stats = agent_.container_stats(record_.id, request_deadline(config_));
            tell(stats.out_of_memory_kills, sink);
            return stats;
        } catch (const base::Error& error) {
            if (!is_over(error)) {
                throw;
            }
            return std::nullopt;
        }
    }

    /// Waits for a kill until `until`. @return false: there is no guest any more.
    bool await_kill(base::Deadline until, EventSink& sink) {
        try {
            tell(agent_.next_oom(record_.id, kills_.value_or(0), until), sink);
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
    // What was before the first look is nothing new. An agent of an older version tells no count.
    void tell(std::uint64_t kills, EventSink& sink) {
        for (std::uint64_t kill = kills_to_tell(kills_.value_or(kills), kills); kill > 0; --kill) {
            sink.on_out_of_memory();
        }
        kills_ = std::max(kills_.value_or(0), kills);
    }

    Agent& agent_;
    const ContainerRecord& record_;
    const RuntimeConfig& config_;
    std::optional<std::uint64_t> kills_;
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
        guest_lives = watcher.await_kill(next.at_most(kLook), sink);
        if (!guest_lives || !next.passed()) {
            continue;
        }
        if (const auto stats = watcher.look(sink)) {
            sink.on_stats(*stats);
        }
        next = base::Deadline::after(interval);
    }
    if (guest_lives) {
        static_cast<void>(watcher.look(sink));
    }
}

}  // namespace kata::sandbox
