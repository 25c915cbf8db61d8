#include "pkg/systemd/scopes.h"

#include <memory>

#include "pkg/base/error.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::systemd {
namespace {

using base::Error;
using base::ErrorCode;

void append(sd_bus_message* message, bool value) {
    require(::sd_bus_message_append(message, "v", "b", static_cast<int>(value)));
}

void append(sd_bus_message* message, const std::string& value) {
    require(::sd_bus_message_append(message, "v", "s", value.c_str()));
}

void append(sd_bus_message* message, const Pids& value) {
    require(::sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "au"));
    require(::sd_bus_message_append_array(
        message, SD_BUS_TYPE_UINT32, value.list.data(), value.list.size() * sizeof(std::uint32_t)));
    require(::sd_bus_message_close_container(message));
}

void append(sd_bus_message* message, const Property& property) {
    require(::sd_bus_message_open_container(message, SD_BUS_TYPE_STRUCT, "sv"));
    require(::sd_bus_message_append(message, "s", property.name));
    std::visit([&](const auto& value) { append(message, value); }, property.value);
    require(::sd_bus_message_close_container(message));
}

Message start_request(const Manager& manager, const sandbox::ScopeUnit& unit, pid_t pid) {
    Message request = manager.request("StartTransientUnit");
    sd_bus_message* message = request.get();
    require(::sd_bus_message_append(message, "ss", unit.name.c_str(), "replace"));
    require(::sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(sv)"));
    for (const Property& property : scope_properties(unit, pid)) {
        append(message, property);
    }
    require(::sd_bus_message_close_container(message));
    require(::sd_bus_message_append(message, "a(sa(sv))", 0));  // no further units
    return request;
}

// One that has failed, whose name is in use until somebody resets it, makes way.
std::string start_job(Manager& manager, const sandbox::ScopeUnit& unit, pid_t pid) {
    try {
        return manager.run_job(unit.name, start_request(manager, unit, pid));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::already_exists) {
            throw;
        }
    }
    manager.reset_failed(unit.name);
    return manager.run_job(unit.name, start_request(manager, unit, pid));
}

void require_done(const std::string& result) {
    if (result != "done") {
        throw Error(ErrorCode::unavailable, "its job ended as " + base::printable(result, 64));
    }
}

void start_scope(Manager& manager, const sandbox::ScopeUnit& unit, pid_t pid) {
    const std::string result = start_job(manager, unit, pid);
    if (result != "done") {
        manager.reset_failed(unit.name);
    }
    require_done(result);
}

void stop_scope(Manager& manager, const std::string& name) {
    const Message request = manager.request("StopUnit");
    require(::sd_bus_message_append(request.get(), "ss", name.c_str(), "replace"));
    try {
        const std::string result = manager.run_job(name, request);
        manager.reset_failed(name);
        require_done(result);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) {
            throw;
        }
    }
}

}  // namespace

std::vector<Property> scope_properties(const sandbox::ScopeUnit& unit, pid_t pid) {
    return {
        {"Description", "container in a virtual machine (kata-runtime)"},
        {"Slice", unit.slice},
        {"PIDs", Pids{{static_cast<std::uint32_t>(pid)}}},
        {"Delegate", true},
        {"CPUAccounting", true},
        {"MemoryAccounting", true},
        {"TasksAccounting", true},
        {"IOAccounting", true},  // on cgroup v1 systemd counts block I/O by it
        {"DefaultDependencies", false},
        {"CollectMode", "inactive-or-failed"},
    };
}

void Scopes::start(const sandbox::ScopeUnit& unit, pid_t pid, base::Deadline deadline) {
    try {
        Manager manager(open_(), deadline);
        start_scope(manager, unit, pid);
    } catch (const Error& error) {
        throw error.with_context("cannot start \"" + unit.name + "\" through systemd");
    }
}

void Scopes::stop(const std::string& name, base::Deadline deadline) {
    try {
        Manager manager(open_(), deadline);
        stop_scope(manager, name);
    } catch (const Error& error) {
        throw error.with_context("cannot stop \"" + name + "\" through systemd");
    }
}

}  // namespace kata::systemd

// What libkata-vm.so exports of this folder; the name is sandbox::kMakeScopeUnitsSymbol. The caller
// owns the result.
extern "C" [[gnu::visibility("default")]] kata::sandbox::ScopeUnits* kata_make_scope_units() {
    return std::make_unique<kata::systemd::Scopes>().release();
}
