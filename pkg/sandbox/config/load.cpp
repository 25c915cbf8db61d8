#include "pkg/sandbox/config/load.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/sandbox/config/value.h"
#include "pkg/sandbox/disk_tuning.h"
#include "pkg/sandbox/machine_builder.h"
#include "pkg/sandbox/sandbox_bind_mounts.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::sandbox {
namespace {

std::string complaint_about_image(const RuntimeConfig& config) {
    if (config.image.empty() && config.initrd.empty()) {
        return "one of \"hypervisor.qemu.image\" and \"hypervisor.qemu.initrd\" must be set";
    }
    const bool own_initrd = !config.initrd.empty() && config.initrd != built_in_config().initrd;
    if (!config.image.empty() && own_initrd) {
        return "\"hypervisor.qemu.image\" and \"hypervisor.qemu.initrd\" cannot both be set, "
               "because a guest's root is in one of them; set one of them to \"\"";
    }
    return "";
}

void merge(LoadedConfig& loaded, std::vector<Setting> settings) {
    for (Setting& setting : settings) {
        loaded.settings.insert_or_assign(setting.name, std::move(setting));
    }
}

/// ` ("hypervisor.qemu.queue_size" is set in "/etc/...", line 3)`, of all keys that `complaint` is
/// about and that a file sets.
std::string origins_in(const LoadedConfig& loaded, const std::string& complaint) {
    std::string list;
    for (const auto& [name, setting] : loaded.settings) {
        if (names_key(complaint, *setting.key)) {
            list +=
                (list.empty() ? "" : "; ") + ("\"" + name + "\" is set in ") + place_of(setting);
        }
    }
    return list.empty() ? "" : " (" + list + ")";
}

std::string complaint_about_disks(const RuntimeConfig& config) {
    try {
        static_cast<void>(disk_tuning(config, 0));
        return "";
    } catch (const base::Error& error) {
        return error.what();
    }
}

LoadedConfig obeyed_settings(LoadedConfig loaded) {
    loaded.config = built_in_config();
    loaded.config.file = loaded.file;
    for (const auto& [name, setting] : loaded.settings) {
        if (setting.key->set != nullptr) {
            setting.key->set(loaded.config, setting.value);
        }
    }
    if (const std::string why = contradiction_in(loaded.config); !why.empty()) {
        throw base::Error(
            base::ErrorCode::invalid_argument,
            "cannot use \"" + loaded.file.native() + "\": " + why + origins_in(loaded, why));
    }
    return loaded;
}

std::filesystem::path file_in_force(const std::filesystem::path& named) {
    if (!named.empty()) {
        return named;
    }
    for (const auto& candidate : default_config_paths()) {
        if (::access(candidate.c_str(), F_OK) == 0) {
            return candidate;
        }
    }
    return {};
}

}  // namespace

LoadedConfig load_config_with_origins(const std::filesystem::path& file) {
    LoadedConfig loaded;
    loaded.file = file_in_force(file);
    if (!loaded.file.empty()) {
        merge(loaded, read_config_file(loaded.file));
        loaded.drop_ins = drop_ins_of(loaded.file);
        for (const auto& drop_in : loaded.drop_ins) {
            merge(loaded, read_config_file(drop_in));
        }
    }
    return obeyed_settings(std::move(loaded));
}

LoadedConfig load_single_config(const std::filesystem::path& file) {
    LoadedConfig loaded;
    loaded.file = file;
    merge(loaded, read_config_file(file));
    return obeyed_settings(std::move(loaded));
}

std::string why_without_effect(const Setting& setting) {
    return setting.key->set == nullptr ? std::string(setting.key->text)
                                       : about_stand_in(*setting.key, setting.value);
}

std::string place_of(const Setting& setting) {
    return setting.annotation.empty()
               ? "\"" + setting.file.native() + "\", line " + std::to_string(setting.line)
               : "annotation " + setting.annotation;
}

std::vector<std::string> settings_without_effect(const LoadedConfig& loaded) {
    std::vector<const Setting*> ignored;
    for (const auto& [name, setting] : loaded.settings) {
        if (!why_without_effect(setting).empty()) {
            ignored.push_back(&setting);
        }
    }
    std::ranges::sort(ignored, {}, [](const Setting* setting) {
        return std::pair(setting->file, setting->line);
    });
    std::vector<std::string> lines;
    lines.reserve(ignored.size());
    for (const Setting* setting : ignored) {
        lines.push_back(base::printable(setting->name, 256) + " (" + place_of(*setting) +
                        "): " + why_without_effect(*setting));
    }
    return lines;
}

std::string contradiction_in(const RuntimeConfig& config) {
    const bool connects = config.internetworking_model != InternetworkingModel::none;
    if (config.disable_new_netns && (connects || config.enable_netmon)) {
        return "\"runtime.disable_new_netns\" goes with \"internetworking_model\" = \"none\" and "
               "without netmon only, because the VM would be connected to the host's interfaces";
    }
    for (const std::string& complaint : {complaint_about_image(config),
                                         machine_contradiction(config),
                                         complaint_about_share(config),
                                         complaint_about_disks(config),
                                         complaint_about_bind_mounts(config.sandbox_bind_mounts)}) {
        if (!complaint.empty()) {
            return complaint;
        }
    }
    return "";
}

}  // namespace kata::sandbox
