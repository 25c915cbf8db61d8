// kata-agent: pid 1 of the guest. Composes the parts; has no logic of its own.
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <string_view>
#include <thread>

#include "pkg/agent/guest/agent_options.h"
#include "pkg/agent/guest/agent_server.h"
#include "pkg/agent/guest/boot.h"
#include "pkg/agent/guest/clock.h"
#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/crun_runtime.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/power_button.h"
#include "pkg/agent/guest/uevents.h"
#include "pkg/agent/guest/virtio_ports.h"
#include "pkg/agent/guest/vsock_listener.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kMaxWorkers = 64;
constexpr std::chrono::seconds kShutdownPatience{5};
constexpr std::chrono::seconds kClockCheck{2};

// A process that runs while the VM is suspended and resumed asks nobody before it looks at the
// clock.
void keep_clock(EventLoop& loop, WorkerPool& workers, ClockKeeper& clock) {
    loop.call_after(kClockCheck, [&] {
        workers.run([&] { clock.correct(); });
        keep_clock(loop, workers, clock);
    });
}

AgentOptions options_of_machine() {
    const AgentOptions options =
        parse_agent_options(base::try_read_file("/proc/cmdline").value_or(""));
    if (options.debug) {
        enable_debug_log();
    }
    return options;
}

void serve() {
    EventLoop loop;
    Reaper reaper;
    WorkerPool workers(kMaxWorkers);
    const AgentOptions options = options_of_machine();
    CrunSettings crun;
    crun.pipe_size = options.container_pipe_size;
    CrunRuntime runtime(reaper, crun);
    ContainerTable containers(loop, reaper, runtime);
    Storages storages;
    ClockKeeper clock(ClockSources::of_machine());
    AgentService service(
        loop, workers, reaper, containers, storages, options, [&clock] { clock.correct(); });
    AgentServer server(service);

    const auto on_connection = [&server](base::UniqueFd connection) {
        server.serve(std::move(connection));
    };
    VirtioPorts ports(loop, on_connection);
    // Before the first look, so that no port falls between the two.
    const Uevents uevents(loop, [&ports](std::string_view message) {
        if (message.empty() || message.find("virtio-ports") != std::string_view::npos) {
            ports.scan();
        }
    });
    ports.scan();
    const VsockListener vsock(loop, on_connection);
    const PowerButton power_button(loop, [&] {
        workers.run([&] {
            containers.terminate_all(kShutdownPatience);
            storages.unmount_all();
            power_off();
        });
    });
    loop.post([&] { keep_clock(loop, workers, clock); });
    try {
        loop.run();
    } catch (const std::exception& error) {
        log_error(error.what());
        power_off();  // the server cannot be taken down in order: its calls end on the loop
    }
}

int run() {
    if (::getpid() != 1) {
        log_error("this program is the first process of a guest; it is not started by hand");
        return 1;
    }
    try {
        ::signal(SIGPIPE, SIG_IGN);
        boot();
        serve();
    } catch (const std::exception& error) {
        log_error(error.what());
    }
    power_off();
}

}  // namespace
}  // namespace kata::agent::guest

int main() {
    return kata::agent::guest::run();
}
