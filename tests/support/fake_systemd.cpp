#include "tests/support/fake_systemd.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace kata::test {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kJob = "/org/freedesktop/systemd1/job/4711";

struct BusRelease {
    void operator()(sd_bus* bus) const noexcept { ::sd_bus_flush_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, BusRelease>;

Bus make_server(base::UniqueFd connection) {
    sd_bus* made = nullptr;
    sd_id128_t id{};
    ::sd_bus_new(&made);
    Bus bus(made);
    const int fd = connection.release();
    ::sd_id128_randomize(&id);
    ::sd_bus_set_fd(made, fd, fd);
    ::sd_bus_set_server(made, 1, id);
    ::sd_bus_set_anonymous(made, 1);
    ::sd_bus_start(made);
    return bus;
}

std::string read_value(sd_bus_message* message) {
    const char* type = nullptr;
    ::sd_bus_message_peek_type(message, nullptr, &type);
    const std::string signature = type == nullptr ? "" : type;
    ::sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, signature.c_str());
    std::string value;
    if (signature == "b") {
        int flag = 0;
        ::sd_bus_message_read(message, "b", &flag);
        value = flag != 0 ? "yes" : "no";
    } else if (signature == "s") {
        const char* text = nullptr;
        ::sd_bus_message_read(message, "s", &text);
        value = text;
    } else if (signature == "au") {
        const void* numbers = nullptr;
        std::size_t bytes = 0;
        ::sd_bus_message_read_array(message, SD_BUS_TYPE_UINT32, &numbers, &bytes);
        for (std::size_t i = 0; i < bytes / sizeof(std::uint32_t); ++i) {
            value +=
                (i == 0 ? "" : ",") + std::to_string(static_cast<const std::uint32_t*>(numbers)[i]);
        }
    }
    ::sd_bus_message_exit_container(message);
    return value;
}

std::map<std::string, std::string> read_properties(sd_bus_message* message) {
    std::map<std::string, std::string> properties;
    ::sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(sv)");
    while (::sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "sv") > 0) {
        const char* name = nullptr;
        ::sd_bus_message_read(message, "s", &name);
        properties.emplace(name, read_value(message));
        ::sd_bus_message_exit_container(message);
    }
    ::sd_bus_message_exit_container(message);
    return properties;
}

SystemdCall read_call(sd_bus_message* message) {
    SystemdCall call;
    call.method = ::sd_bus_message_get_member(message);
    const char* unit = nullptr;
    const char* mode = nullptr;
    if (::sd_bus_message_read(message, "s", &unit) > 0) {
        call.unit = unit;
    }
    if (call.method == "StartTransientUnit") {
        ::sd_bus_message_read(message, "s", &mode);
        call.properties = read_properties(message);
    }
    return call;
}

}  // namespace

void FakeSystemd::serve(base::UniqueFd connection) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(
        [this](const std::stop_token& stop, base::UniqueFd accepted) {
            serve_until(stop, std::move(accepted));
        },
        std::move(connection));
}

std::vector<SystemdCall> FakeSystemd::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

void FakeSystemd::serve_until(const std::stop_token& stop, base::UniqueFd connection) {
    constexpr std::uint64_t kLookAgain = 10'000;  // microseconds
    const Bus bus = make_server(std::move(connection));
    ::sd_bus_add_filter(
        bus.get(),
        nullptr,
        [](sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
            return static_cast<FakeSystemd*>(self)->answer(message);
        },
        this);
    int processed = 0;
    while (!stop.stop_requested() && processed >= 0) {
        processed = ::sd_bus_process(bus.get(), nullptr);
        if (processed == 0) {
            processed = ::sd_bus_wait(bus.get(), kLookAgain);
        }
    }
}

int FakeSystemd::answer(sd_bus_message* call) {
    if (::sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0) {
        return 0;
    }
    const std::string_view interface = ::sd_bus_message_get_interface(call);
    const std::string_view method = ::sd_bus_message_get_member(call);
    if (interface == "org.freedesktop.DBus") {
        return ::sd_bus_reply_method_return(call, method == "Hello" ? "s" : "", ":1.2");
    }
    const SystemdCall noted = read_call(call);
    {
        const std::lock_guard lock(mutex_);
        calls_.push_back(noted);
        if (script_.on_call) {
            script_.on_call(noted);
        }
    }
    if (script_.never_answers) {
        return 1;
    }
    if (script_.hangs_up) {
        ::sd_bus_close(::sd_bus_message_get_bus(call));
        return -ECONNRESET;
    }
    if (noted.method == "ResetFailedUnit") {
        return ::sd_bus_reply_method_return(call, "");
    }
    return answer_job(call, noted);
}

int FakeSystemd::answer_job(sd_bus_message* call, const SystemdCall& noted) {
    if (!script_.refusal.empty()) {
        return ::sd_bus_reply_method_errorf(call, script_.refusal.c_str(), "told to refuse");
    }
    if (noted.method == "StartTransientUnit" && takes_the_name()) {
        return ::sd_bus_reply_method_errorf(
            call, "org.freedesktop.systemd1.UnitExists", "Unit %s exists.", noted.unit.c_str());
    }
    if (script_.ends_before_it_answers) {
        end_job(call, noted.unit);
    }
    const int sent = ::sd_bus_reply_method_return(call, "o", kJob);
    if (!script_.ends_before_it_answers && !script_.never_ends_a_job) {
        end_job(call, noted.unit);
    }
    return sent;
}

// Another unit's job ends first, as on a busy host.
void FakeSystemd::end_job(sd_bus_message* call, const std::string& unit) {
    sd_bus* bus = ::sd_bus_message_get_bus(call);
    const auto emit = [&](const char* job, const std::string& of, const std::string& result) {
        sd_bus_message* signal = nullptr;
        ::sd_bus_message_new_signal(bus, &signal, kPath, kManager, "JobRemoved");
        ::sd_bus_message_append(signal, "uoss", 1U, job, of.c_str(), result.c_str());
        ::sd_bus_message_set_sender(signal, kService);
        ::sd_bus_send(bus, signal, nullptr);
        ::sd_bus_message_unref(signal);
    };
    emit(kJob, "another.service", "canceled");
    emit("/org/freedesktop/systemd1/job/12", unit, "canceled");
    emit(kJob, unit, script_.result);
}

bool FakeSystemd::takes_the_name() {
    const std::lock_guard lock(mutex_);
    if (script_.exists == 0) {
        return false;
    }
    --script_.exists;
    return true;
}

}  // namespace kata::test
