#include "cli/direct_volume_report.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "cli/text_table.h"
#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;
using sandbox::DirectVolume;
using sandbox::HostView;

std::string words_of(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        line += (line.empty() ? "" : ",") + word;
    }
    return line;
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : base::printable(text);
}

TextRow row_of(const DirectVolume& volume, const HostView& host) {
    return {base::printable(volume.path),
            or_dash(volume.info.device),
            or_dash(volume.info.volume_type),
            or_dash(volume.info.fstype),
            sandbox::to_string(sandbox::state_of(volume, host)),
            or_dash(words_of(volume.sandboxes))};
}

Json document_of(const DirectVolume& volume, const HostView& host) {
    Json document = {{"volumePath", volume.path},
                     {"directory", volume.directory.native()},
                     {"state", sandbox::to_string(sandbox::state_of(volume, host))},
                     {"sandboxes", volume.sandboxes},
                     {"staleSandboxes", volume.stale}};
    if (volume.problem.empty()) {
        document["mountInfo"] = Json::parse(sandbox::to_json_text(volume.info));
    } else {
        document["problem"] = base::printable(volume.problem);
    }
    return document;
}

Json device_of(const DirectVolume& volume, const HostView& host) {
    const auto device = sandbox::examine_device(volume.info.device, host);
    const bool block = device.kind == sandbox::VolumeDevice::Kind::block;
    Json document = {{"path", device.path.native()},
                     {"kind", block ? "block device" : "file"},
                     {"size", device.size}};
    if (const auto use = sandbox::host_use(device, host)) {
        document["hostUse"] = *use;
    }
    return document;
}

// A path may hold any bytes.
std::string text_of(const Json& document, int indentation) {
    return document.dump(indentation, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string volume_table(const std::vector<DirectVolume>& volumes, const HostView& host) {
    std::vector<TextRow> rows = {{"VOLUME PATH", "DEVICE", "TYPE", "FSTYPE", "STATE", "SANDBOXES"}};
    std::ranges::transform(volumes, std::back_inserter(rows), [&](const DirectVolume& volume) {
        return row_of(volume, host);
    });
    return text_table(rows, 0);
}

std::string volumes_json(const std::vector<DirectVolume>& volumes, const HostView& host) {
    Json documents = Json::array();
    for (const DirectVolume& volume : volumes) {
        documents.push_back(document_of(volume, host));
    }
    return text_of(documents, -1);
}

std::string volume_json(const DirectVolume& volume, const HostView& host) {
    Json document = document_of(volume, host);
    if (volume.problem.empty() &&
        sandbox::settings_of(volume.info).kind == sandbox::VolumeKind::disk) {
        try {
            document["device"] = device_of(volume, host);
        } catch (const base::Error& error) {
            document["problem"] = error.what();
        }
    }
    return text_of(document, 2);
}

std::string garbage_lines(const std::vector<sandbox::Garbage>& garbage, bool dry_run) {
    const std::string removed = dry_run ? "would remove " : "removed ";
    std::string lines;
    for (const sandbox::Garbage& piece : garbage) {
        const std::string volume = "\"" + base::printable(piece.volume) + "\"";
        lines += removed + (piece.sandbox.empty()
                                ? "the volume " + volume
                                : "sandbox \"" + piece.sandbox + "\" from the volume " + volume);
        lines += ": " + piece.reason + "\n";
    }
    return lines;
}

}  // namespace kata::cli
