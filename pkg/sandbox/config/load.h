// The configuration in force, with where each part of it comes from: a file, its drop-ins, and the
// defaults below them. config.h has the short form for those who only want to know what holds.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/file.h"

namespace kata::sandbox {

struct LoadedConfig {
    RuntimeConfig config;
    std::filesystem::path file;  // empty: there is none
    std::vector<std::filesystem::path> drop_ins;
    std::map<std::string, Setting> settings;  // by dotted name; the last one that was read of each
};

/// Reads `file`, or the first existing of default_config_paths() if it is empty, then its drop-ins,
/// of which the later ones win key by key.
/// @throws base::Error as read_config_file(), and for keys that cannot be obeyed together.
[[nodiscard]] LoadedConfig load_config_with_origins(const std::filesystem::path& file);

/// One file alone, without drop-ins.
[[nodiscard]] LoadedConfig load_single_config(const std::filesystem::path& file);

/// Why a setting is accepted and changes nothing, or what is used in the place of its value; empty:
/// it is obeyed.
[[nodiscard]] std::string why_without_effect(const Setting& setting);

/// `"/etc/kata-containers/configuration.toml", line 3`, or `annotation io.katacontainers....`
[[nodiscard]] std::string place_of(const Setting& setting);

/// "hypervisor.qemu.virtio_fs_cache_size ("/etc/...", line 3): libvirt has no DAX window for
/// virtio-fs" for each such setting.
[[nodiscard]] std::vector<std::string> settings_without_effect(const LoadedConfig& loaded);

/// What keeps `config` from being obeyed although each of its keys is right; empty: nothing.
[[nodiscard]] std::string contradiction_in(const RuntimeConfig& config);

}  // namespace kata::sandbox
