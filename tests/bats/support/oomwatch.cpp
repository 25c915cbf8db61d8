// What containerd and conmon do to learn that a container ran out of memory, as a program for
// tests:
//
//     test-oomwatch PID
//
// watches the memory cgroup of the process, prints "watching", waits, and prints "oom" at the first
// event (cgroup v1: an eventfd on memory.oom_control; v2: oom_kill of memory.events grows). Ends
// with 1 and the reason otherwise; with "nothing" after 60 s.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace {

using kata::base::UniqueFd;

constexpr int kMilliseconds = 60000;

// The group's directory, on hosts that mount the hierarchies where Debian does.
std::string memory_directory(const std::string& pid, bool& v1) {
    std::istringstream lines(kata::base::try_read_file("/proc/" + pid + "/cgroup").value_or(""));
    std::string unified;
    for (std::string line; std::getline(lines, line);) {
        const auto memory = line.find(":memory:");
        if (memory != std::string::npos) {
            v1 = true;
            return "/sys/fs/cgroup/memory" + line.substr(memory + std::strlen(":memory:"));
        }
        if (line.starts_with("0::")) {
            unified = line.substr(3);
        }
    }
    v1 = false;
    return "/sys/fs/cgroup" + unified;
}

bool await(int fd) {
    std::puts("watching");
    std::fflush(stdout);
    pollfd polled{fd, POLLIN, 0};
    return ::poll(&polled, 1, kMilliseconds) > 0;
}

bool watch_v1(const std::string& directory) {
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    const UniqueFd control = kata::base::open_file(directory + "/memory.oom_control", O_RDONLY);
    kata::base::write_existing_file(
        directory + "/cgroup.event_control",
        std::to_string(event.get()) + " " + std::to_string(control.get()));
    return await(event.get());
}

std::string kills(const std::string& file) {
    const std::string text = kata::base::try_read_file(file).value_or("");
    const auto at = text.find("oom_kill ");
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

bool watch_v2(const std::string& directory) {
    const std::string file = directory + "/memory.events";
    const std::string before = kills(file);
    const UniqueFd events(::inotify_init1(IN_CLOEXEC));
    if (::inotify_add_watch(events.get(), file.c_str(), IN_MODIFY) < 0) {
        throw kata::base::errno_error("watch", file, errno);
    }
    while (await(events.get())) {
        char buffer[4096];
        if (::read(events.get(), buffer, sizeof buffer) > 0 && kills(file) != before) {
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        bool v1 = false;
        const std::string directory = memory_directory(argc > 1 ? argv[1] : "self", v1);
        const bool happened = v1 ? watch_v1(directory) : watch_v2(directory);
        std::puts(happened ? "oom" : "nothing");
        return happened ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
