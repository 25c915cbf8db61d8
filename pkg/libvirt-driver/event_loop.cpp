#include "pkg/libvirt-driver/event_loop.h"

#include <mutex>
#include <thread>

#include <libvirt/libvirt.h>

#include "pkg/libvirt-driver/bounded_call.h"
#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

[[noreturn]] void run_event_loop() {
    constexpr auto kPauseAfterFailure = std::chrono::milliseconds(100);
    while (true) {
        if (virEventRunDefaultImpl() < 0) {
            std::this_thread::sleep_for(kPauseAfterFailure);
        }
    }
}

void start_event_loop() {
    silence_libvirt();
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        throw last_error("cannot set up the libvirt library");
    }
    start_detached_thread(run_event_loop);
}

}  // namespace

void ensure_event_loop() {
    static std::once_flag started;
    std::call_once(started, start_event_loop);
}

}  // namespace kata::libvirt_driver
