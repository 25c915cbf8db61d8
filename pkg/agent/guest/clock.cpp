#include "pkg/agent/guest/clock.h"

#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>

#include <cerrno>
#include <thread>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The real-time clock tells whole seconds: it is up to one behind the time it stands for.
constexpr seconds kMostAhead{1};
constexpr seconds kMostBehind{2};
// It is waited for this long at most, should it stand still.
constexpr milliseconds kOneTick{1500};

SystemTime read_real_time_clock() {
    const base::UniqueFd device = base::open_file("/dev/rtc0", O_RDONLY);
    rtc_time fields{};
    if (::ioctl(device.get(), RTC_RD_TIME, &fields) != 0) {
        throw base::errno_error("read", "/dev/rtc0", errno);
    }
    tm calendar{};
    calendar.tm_sec = fields.tm_sec;
    calendar.tm_min = fields.tm_min;
    calendar.tm_hour = fields.tm_hour;
    calendar.tm_mday = fields.tm_mday;
    calendar.tm_mon = fields.tm_mon;
    calendar.tm_year = fields.tm_year;
    return std::chrono::system_clock::from_time_t(::timegm(&calendar));
}

}  // namespace

void set_system_clock(SystemTime now) {
    const auto since_epoch = now.time_since_epoch();
    const auto whole = std::chrono::duration_cast<seconds>(since_epoch);
    const timespec time{
        whole.count(),
        std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch - whole).count()};
    if (::clock_settime(CLOCK_REALTIME, &time) != 0) {
        throw base::errno_error("set", "the guest's clock", errno);
    }
}

ClockSources ClockSources::of_machine() {
    return {read_real_time_clock, std::chrono::system_clock::now, guest::set_system_clock};
}

// The moment at which the real-time clock goes on is when its time is right.
SystemTime ClockKeeper::next_second() const {
    const SystemTime before = sources_.real_time_clock();
    const auto deadline = base::Deadline::after(kOneTick);
    SystemTime now = before;
    while (now == before && !deadline.passed()) {
        std::this_thread::sleep_for(milliseconds(2));
        now = sources_.real_time_clock();
    }
    return now;
}

void ClockKeeper::correct() noexcept {
    try {
        const std::lock_guard lock(mutex_);
        const auto difference = sources_.real_time_clock() - sources_.system_clock();
        if (difference > kMostAhead || difference < -kMostBehind) {
            sources_.set_system_clock(next_second());
        }
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            log_error(error.what());
        }
    }
}

}  // namespace kata::agent::guest
