#include "pkg/sandbox/record.h"

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/sandbox/network/network_json.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

json to_json(const base::ProcessId& process) {
    return {{"pid", process.pid}, {"startTime", process.start_time}};
}

base::ProcessId process_of(const json& value) {
    return {value.at("pid").get<pid_t>(), value.at("startTime").get<std::uint64_t>()};
}

std::int64_t nanoseconds_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

oci::Status status_of(const json& value) {
    const auto text = value.get<std::string>();
    if (const auto status = oci::status_from_string(text)) {
        return *status;
    }
    throw base::Error(base::ErrorCode::internal,
                      "unknown status \"" + base::printable(text) + "\"");
}

// No number of ours has a fraction; one that does, or that no integer can hold, is not converted.
bool require_whole(int /*depth*/, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::value && value.is_number_float()) {
        throw base::Error(base::ErrorCode::internal,
                          value.dump() + " is not a whole number, or too large");
    }
    return true;
}

// Every record says its schema, so that a runtime that was upgraded reads what an older one wrote
// and an older one refuses, in words, what it cannot understand.
json checked_document(const std::string& text) {
    json document = json::parse(text, require_whole);
    const int schema = document.at("schema").get<int>();
    if (schema != kRecordSchema && schema != kRecordSchema - 1) {
        throw base::Error(base::ErrorCode::internal,
                          "written with schema " + std::to_string(schema) +
                              ", this version reads " + std::to_string(kRecordSchema));
    }
    return document;
}

template <typename Parse>
auto parse_record(const std::string& text, const std::string& origin, Parse parse) {
    const std::string context = "cannot use \"" + origin + "\"";
    try {
        return parse(checked_document(text));
    } catch (const json::exception& error) {
        throw base::Error(base::ErrorCode::internal, context, error.what());
    } catch (const base::Error& error) {
        throw error.with_context(context);
    }
}

}  // namespace

oci::Status derive_status(const ContainerRecord& record) {
    switch (record.last_status) {
        case oci::Status::creating:
            return base::is_alive(record.creator) ? oci::Status::creating : oci::Status::stopped;
        case oci::Status::stopped:
            return oci::Status::stopped;
        default:
            if (!base::is_alive(record.shim)) {
                return oci::Status::stopped;
            }
            return record.paused ? oci::Status::paused : record.last_status;
    }
}

std::string to_json_text(const SandboxRecord& record) {
    json document{{"schema", kRecordSchema},
                  {"id", record.id},
                  {"vmName", record.vm_name},
                  {"vmUuid", record.vm_uuid},
                  {"vmPid", record.vm_pid},
                  {"portCount", record.port_count},
                  {"defaultCpus", record.default_cpus},
                  {"defaultMemoryMib", record.default_memory_mib},
                  {"cpus", record.cpus},
                  {"maxCpus", record.max_cpus},
                  {"bootMemoryMib", record.boot_memory_mib},
                  {"pluggedMemoryMib", record.plugged_memory_mib},
                  {"maxMemoryMib", record.max_memory_mib}};
    if (!record.ready) {
        document["ready"] = false;
    }
    if (record.vsock_cid) {
        document["vsockCid"] = *record.vsock_cid;
    }
    if (record.network != NetworkRecord{}) {
        document["network"] = to_json(record.network);
    }
    if (record.copies_files) {
        document["copiesFiles"] = true;
    }
    if (!record.config_annotations.empty()) {
        document["configAnnotations"] = record.config_annotations;
    }
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_json_text(const ContainerRecord& record) {
    json document{{"schema", kRecordSchema},
                  {"id", record.id},
                  {"sandboxId", record.sandbox_id},
                  {"root", record.root},
                  {"bundle", record.bundle},
                  {"rootfs", record.rootfs},
                  {"createdNanoseconds", nanoseconds_of(record.created)},
                  {"lastStatus", std::string(oci::to_string(record.last_status))},
                  {"shim", to_json(record.shim)},
                  {"creator", to_json(record.creator)},
                  {"ociVersion", record.oci_version},
                  {"annotations", record.annotations},
                  {"ownsSandbox", record.owns_sandbox},
                  {"paused", record.paused}};
    if (!record.disks.empty()) {
        document["disks"] = record.disks;
    }
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

SandboxRecord parse_sandbox_record(const std::string& text, const std::string& origin) {
    return parse_record(text, origin, [](const json& document) {
        SandboxRecord record;
        record.id = document.at("id").get<std::string>();
        record.vm_name = document.at("vmName").get<std::string>();
        record.vm_uuid = document.at("vmUuid").get<std::string>();
        record.vm_pid = document.at("vmPid").get<pid_t>();
        record.port_count = document.at("portCount").get<unsigned>();
        record.default_cpus = document.value("defaultCpus", 0U);
        record.default_memory_mib = document.value("defaultMemoryMib", std::uint64_t{0});
        record.cpus = document.value("cpus", 0U);
        record.max_cpus = document.value("maxCpus", 0U);
        record.copies_files = document.value("copiesFiles", false);
        record.boot_memory_mib = document.value("bootMemoryMib", std::uint64_t{0});
        record.plugged_memory_mib = document.value("pluggedMemoryMib", std::uint64_t{0});
        record.max_memory_mib = document.value("maxMemoryMib", std::uint64_t{0});
        record.ready = document.value("ready", true);
        if (document.contains("vsockCid")) {
            record.vsock_cid = document.at("vsockCid").get<std::uint32_t>();
        }
        if (document.contains("network")) {
            record.network = network_record_of(document.at("network"));
        }
        record.config_annotations =
            document.value("configAnnotations", std::map<std::string, std::string>{});
        return record;
    });
}

ContainerRecord parse_container_record(const std::string& text, const std::string& origin) {
    return parse_record(text, origin, [](const json& document) {
        ContainerRecord record;
        record.id = document.at("id").get<std::string>();
        record.sandbox_id = document.at("sandboxId").get<std::string>();
        record.root = document.at("root").get<std::string>();
        record.bundle = document.at("bundle").get<std::string>();
        record.rootfs = document.at("rootfs").get<std::string>();
        record.created = std::chrono::system_clock::time_point(
            std::chrono::nanoseconds(document.at("createdNanoseconds").get<std::int64_t>()));
        record.last_status = status_of(document.at("lastStatus"));
        record.shim = process_of(document.at("shim"));
        record.creator = process_of(document.at("creator"));
        record.oci_version = document.at("ociVersion").get<std::string>();
        record.annotations = document.at("annotations").get<std::map<std::string, std::string>>();
        record.owns_sandbox = document.at("ownsSandbox").get<bool>();
        record.paused = document.value("paused", false);
        record.disks = document.value("disks", std::vector<std::string>{});
        return record;
    });
}

}  // namespace kata::sandbox
