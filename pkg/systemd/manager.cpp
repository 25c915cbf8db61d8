#include "pkg/systemd/manager.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/interruption.h"

namespace kata::systemd {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kInterface = "org.freedesktop.systemd1.Manager";
constexpr std::uint64_t kNoLimit = UINT64_MAX;  // deadlines are ours

struct SlotRelease {
    void operator()(sd_bus_slot* slot) const noexcept { ::sd_bus_slot_unref(slot); }
};
using Slot = std::unique_ptr<sd_bus_slot, SlotRelease>;

ErrorCode code_of(std::string_view name) {
    if (name == "org.freedesktop.systemd1.UnitExists") {
        return ErrorCode::already_exists;
    }
    if (name == "org.freedesktop.systemd1.NoSuchUnit") {
        return ErrorCode::not_found;
    }
    if (name == SD_BUS_ERROR_ACCESS_DENIED ||
        name == SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) {
        return ErrorCode::permission_denied;
    }
    if (name == SD_BUS_ERROR_INVALID_ARGS || name == SD_BUS_ERROR_PROPERTY_READ_ONLY) {
        return ErrorCode::invalid_argument;
    }
    return ErrorCode::unavailable;
}

void require_success(sd_bus_message* reply) {
    const sd_bus_error* error = ::sd_bus_message_get_error(reply);
    if (error != nullptr && error->name != nullptr) {
        const char* text = error->message != nullptr ? error->message : error->name;
        throw Error(code_of(error->name), base::printable(text, 512));
    }
}

int keep_reply(sd_bus_message* reply, void* place, sd_bus_error* /*error*/) noexcept {
    static_cast<Message*>(place)->reset(::sd_bus_message_ref(reply));
    return 0;
}

struct JobEnd {
    std::string job;
    std::string result;
};

// The ends of one unit's jobs. They may come before the answer that tells which job is ours.
struct JobEnds {
    std::string unit;
    std::vector<JobEnd> ends;
};

int note_job_end(sd_bus_message* signal, void* place, sd_bus_error* /*error*/) noexcept {
    std::uint32_t number = 0;
    const char* job = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    auto& noted = *static_cast<JobEnds*>(place);
    if (::sd_bus_message_read(signal, "uoss", &number, &job, &unit, &result) >= 0 &&
        noted.unit == unit) {
        noted.ends.push_back({job, result});
    }
    return 0;
}

}  // namespace

void require(int result) {
    if (result < 0) {
        throw Error(result == -ETIMEDOUT ? ErrorCode::timeout : ErrorCode::unavailable,
                    "systemd cannot be asked over D-Bus",
                    base::errno_text(-result));
    }
}

Bus open_system_bus() {
    sd_bus* bus = nullptr;
    require(::sd_bus_open_system(&bus));
    return Bus(bus);
}

Message Manager::request(const char* method) const {
    sd_bus_message* message = nullptr;
    require(::sd_bus_message_new_method_call(
        bus_.get(), &message, kService, kPath, kInterface, method));
    Message request(message);
    require(::sd_bus_message_set_auto_start(message, 0));  // it is the init, or it is not there
    return request;
}

Message Manager::call(const Message& request) {
    Message reply;
    sd_bus_slot* slot = nullptr;
    require(::sd_bus_call_async(bus_.get(), &slot, request.get(), keep_reply, &reply, kNoLimit));
    const Slot pending(slot);
    process_until([&] { return reply != nullptr; });
    require_success(reply.get());
    return reply;
}

std::string Manager::run_job(const std::string& unit, const Message& request) {
    JobEnds noted{unit, {}};
    sd_bus_slot* slot = nullptr;
    require(::sd_bus_match_signal_async(bus_.get(),
                                        &slot,
                                        kService,
                                        kPath,
                                        kInterface,
                                        "JobRemoved",
                                        note_job_end,
                                        nullptr,
                                        &noted));
    const Slot watch(slot);
    const Message reply = call(request);
    const char* job = nullptr;
    require(::sd_bus_message_read(reply.get(), "o", &job));
    auto end = noted.ends.end();
    process_until([&] {
        end = std::ranges::find(noted.ends, job, &JobEnd::job);
        return end != noted.ends.end();
    });
    return end->result;
}

void Manager::reset_failed(const std::string& unit) {
    const Message reset = request("ResetFailedUnit");
    require(::sd_bus_message_append(reset.get(), "s", unit.c_str()));
    try {
        call(reset);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::interrupted) {
            throw;
        }
    }
}

void Manager::process_until(const std::function<bool()>& done) {
    using std::chrono::microseconds;
    while (!done()) {
        base::throw_if_interrupted();
        if (deadline_.passed()) {
            throw Error(ErrorCode::timeout, "systemd does not answer in time over D-Bus");
        }
        const int processed = ::sd_bus_process(bus_.get(), nullptr);
        require(processed);
        if (processed == 0) {
            const microseconds longest =
                std::min(deadline_.remaining(), base::kInterruptionInterval);
            const int waited =
                ::sd_bus_wait(bus_.get(), static_cast<std::uint64_t>(longest.count()));
            require(waited == -EINTR ? 0 : waited);
        }
    }
}

}  // namespace kata::systemd
