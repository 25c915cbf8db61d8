#include "pkg/sandbox/network_watch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/netlink/watch.h"
#include "pkg/base/pipe.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/runtime.h"

namespace kata::sandbox {
namespace {

using std::chrono::milliseconds;

// Tools make an interface, name it, address it and set routes, one message each.
constexpr milliseconds kSettle{100};
constexpr int kMaxSettles = 20;
// Not a poll for changes, those are told; only for what must not be slept through.
constexpr milliseconds kLook{500};

// Between fork and exec. What is said here is errno, through `report`.
[[noreturn]] void become_watch(char* const* argv, int null, int report) {
    ::setsid();
    if (::chdir("/") != 0) {
        ::_exit(127);
    }
    for (const int fd : {0, 1, 2}) {
        ::dup2(null, fd);
    }
    ::dup2(report, 3);
    ::fcntl(3, F_SETFD, FD_CLOEXEC);
    ::syscall(SYS_close_range, 4U, ~0U, 0U);
    if (::fork() == 0) {  // the child of nobody we know, so that nobody has to wait for it
        ::execv(argv[0], argv);
        const int failure = errno;
        [[maybe_unused]] const ssize_t sent = ::write(3, &failure, sizeof failure);
        ::_exit(127);
    }
    ::_exit(0);
}

void await_child(pid_t child) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool settle(netlink::LinkWatch& watch) {
    for (int i = 0; i < kMaxSettles && watch.wait(kSettle); ++i) {
    }
    return true;
}

// The VM library with its threads is loaded in a child only, so that who waits stays small and can
// fork.
template <typename Work>
void in_child(Work work) {
    const pid_t child = ::fork();
    if (child < 0) {
        throw base::errno_error("look at", "a change of the network", errno);
    }
    if (child == 0) {
        work();
        ::_exit(0);
    }
    await_child(child);
}

}  // namespace

void start_network_watch(const RuntimeConfig& config, const std::string& container_id) {
    std::vector<std::string> words = config.own_command;
    words.insert(words.end(), {"kata-network", "watch", container_id});
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const base::UniqueFd null = base::open_file("/dev/null", O_RDWR);
    base::Pipe report = base::make_pipe();
    const pid_t child = ::fork();
    if (child < 0) {
        throw base::errno_error("start", words.front(), errno);
    }
    if (child == 0) {
        become_watch(argv.data(), null.get(), report.write_end.get());
    }
    report.write_end.reset();
    await_child(child);
    int failure = 0;
    if (::read(report.read_end.get(), &failure, sizeof failure) == sizeof failure) {
        throw base::errno_error("run", words.front(), failure);
    }
}

void Runtime::watch_network(const oci::ContainerId& id) {
    const ContainerRecord record = load_record(store_.get(id));
    const base::UniqueFd shim(static_cast<int>(::syscall(SYS_pidfd_open, record.shim.pid, 0U)));
    if (!shim.valid() || !base::is_alive(record.shim)) {
        return;
    }
    const base::UniqueFd container =
        base::open_file("/proc/" + std::to_string(record.shim.pid) + "/ns/net", O_RDONLY);
    netlink::LinkWatch watch(container.ref());
    // At once: something may have come since `start` has looked.
    for (bool changed = true;;) {
        if (changed && settle(watch)) {
            in_child([&] {
                try {
                    refresh_network(id);
                } catch (const std::exception& error) {
                    log_.warning(std::string("cannot follow a change of the network: ") +
                                 error.what());
                }
            });
        }
        std::array<pollfd, 2> polled{{{shim.get(), POLLIN, 0}, {watch.fd().get(), POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), static_cast<int>(kLook.count()));
        base::throw_if_interrupted();
        if (polled[0].revents != 0) {
            return;
        }
        changed = polled[1].revents != 0 && watch.drain();
    }
}

}  // namespace kata::sandbox
