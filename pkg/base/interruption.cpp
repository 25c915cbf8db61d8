#include "pkg/base/interruption.h"

#include <signal.h>

#include <atomic>
#include <cstring>
#include <string>

#include "pkg/base/error.h"

namespace kata::base {
namespace {

// A signal handler can reach nothing but a global.
std::atomic<int> g_signal{0};
std::atomic<bool> g_thrown{false};
static_assert(std::atomic<int>::is_always_lock_free);

void remember(int signal) {
    g_signal.store(signal);
}

}  // namespace

void catch_interruptions() {
    struct sigaction action {};
    action.sa_handler = remember;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
}

bool interrupted() noexcept {
    return g_signal.load() != 0 && !g_thrown.load();
}

void throw_if_interrupted() {
    if (interrupted() && !g_thrown.exchange(true)) {
        throw Error(ErrorCode::interrupted,
                    "interrupted by SIG" + std::string(::sigabbrev_np(g_signal.load())) +
                        "; what had been set up was undone");
    }
}

}  // namespace kata::base
