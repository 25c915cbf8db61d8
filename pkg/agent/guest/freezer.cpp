#include "pkg/agent/guest/freezer.h"

#include <chrono>
#include <string>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

bool is_frozen(const Cgroup& cgroup) {
    const auto events = base::try_read_file(cgroup.directory() / "cgroup.events");
    return events && events->find("frozen 1") != std::string::npos;
}

void ask(const Cgroup& cgroup, bool frozen) {
    base::write_existing_file(cgroup.directory() / "cgroup.freeze", frozen ? "1" : "0");
}

}  // namespace

void set_frozen(const Cgroup& cgroup, bool frozen, base::Deadline deadline) {
    if (!cgroup.known()) {
        throw Error(ErrorCode::invalid_state, "container not running");
    }
    ask(cgroup, frozen);
    while (is_frozen(cgroup) != frozen) {
        if (deadline.passed()) {
            ask(cgroup, false);
            throw Error(ErrorCode::timeout,
                        frozen ? "a process of the container cannot be stopped, it waits for a "
                                 "device; try again"
                               : "the container's processes do not go on; try again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace kata::agent::guest
