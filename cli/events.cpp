#include "cli/commands.h"
#include "cli/duration.h"
#include "pkg/sandbox/event.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {
namespace {

class EventPrinter final : public sandbox::EventSink {
  public:
    explicit EventPrinter(oci::ContainerId id) : id_(std::move(id)) {}

    void on_stats(const sandbox::GuestStats& stats) override {
        write_output(sandbox::stats_event(id_, stats));
    }
    void on_out_of_memory() override { write_output(sandbox::out_of_memory_event(id_)); }

  private:
    oci::ContainerId id_;
};

}  // namespace

int execute(const EventsOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.id);
    const auto interval = parse_duration(options.interval);
    if (options.stats) {
        write_output(sandbox::stats_event(id, context.runtime.stats(id)));
        return 0;
    }
    EventPrinter printer(id);
    context.runtime.watch(id, interval, printer);
    return 0;
}

}  // namespace kata::cli
