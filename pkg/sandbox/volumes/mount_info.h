// MountInfo: what a direct-assigned volume is, as `direct-volume add --mount-info` is given it and
// as mountInfo.json keeps it, in the words of Kata Containers. Passive data; whether the device is
// there, and free, is volume_device.h's business.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::sandbox {

struct MountInfo {
    std::string volume_type;  // empty and unknown words: a disk, as "directvol"
    std::string device;
    std::string fstype;                           // empty: nobody said
    std::map<std::string, std::string> metadata;  // keys nobody knows are kept
    std::vector<std::string> options;             // of the file system; never bind or rw
    std::uint64_t pending_size = 0;  // bytes the file system is to grow to; 0: nothing to do

    bool operator==(const MountInfo&) const = default;
};

enum class VolumeKind {
    disk,        // a block device or a regular file
    vfio,        // a PCI address or an IOMMU group
    vhost_user,  // a socket of SPDK
};

/// What type, options and metadata of a MountInfo amount to.
struct VolumeSettings {
    VolumeKind kind = VolumeKind::disk;
    bool read_only = false;
    bool create_filesystem = false;
    std::optional<std::uint32_t> fs_group;  // gid that the files are to belong to
    bool only_on_root_mismatch = false;     // leave the files alone if the root directory has it
};

/// Where a text comes from. Other tools write "bind" among the options of a mountInfo.json; there
/// it is passed over, in a request it is an error.
enum class MountInfoSource { request, stored };

/// Reads the JSON of both of Kata's implementations: keys in any case, all but the device optional,
/// unknown ones passed over. Every rule about a MountInfo that needs no look at the host is checked
/// here, and `rw` and `defaults` are taken out of the options.
/// @param origin what the text is, for messages. @throws base::Error invalid_argument naming the
/// key; unsupported for what no guest can do.
[[nodiscard]] MountInfo parse_mount_info(std::string_view text,
                                         const std::string& origin,
                                         MountInfoSource source = MountInfoSource::request);

/// The form that every reader of mountInfo.json understands.
[[nodiscard]] std::string to_json_text(const MountInfo& info);

/// @param info from parse_mount_info.
[[nodiscard]] VolumeSettings settings_of(const MountInfo& info);

}  // namespace kata::sandbox
