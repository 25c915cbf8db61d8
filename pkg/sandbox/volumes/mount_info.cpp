#include "pkg/sandbox/volumes/mount_info.h"

#include <algorithm>
#include <array>
#include <limits>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "pkg/sandbox/volumes/volume_path.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;
using nlohmann::json;

constexpr std::size_t kShownBytes = 80;
constexpr const char* kPendingSize = "pending-size";

// What the guest's kernel mounts from a disk.
constexpr std::array<std::string_view, 5> kFilesystems = {"ext4", "ext3", "ext2", "xfs", "btrfs"};

// Options that are not of a file system but of the call that mounts it.
constexpr std::array<std::string_view, 2> kBinds = {"bind", "rbind"};
constexpr std::array<std::string_view, 2> kOtherCalls = {"remount", "move"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

std::string shown(std::string_view text) {
    return "\"" + printable(text, kShownBytes) + "\"";
}

// The dot, because printable() takes blanks off the end.
bool is_plain_text(const std::string& text) {
    return printable(text + ".", std::numeric_limits<std::size_t>::max()) == text + ".";
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return text;
}

/// One text on its way to a MountInfo; every complaint names the text.
class Reader {
  public:
    Reader(const std::string& origin, MountInfoSource source) : origin_(origin), source_(source) {}

    MountInfo read(const json& document);

  private:
    [[noreturn]] void refuse(const std::string& why,
                             ErrorCode code = ErrorCode::invalid_argument) const {
        throw Error(code, "cannot use \"" + printable(origin_) + "\": " + why);
    }
    void take(const std::string& key, const json& value);
    [[nodiscard]] std::string text_of(const std::string& key, const json& value) const;
    void take_metadata(const json& value);
    void take_options(const json& value);
    void take_option(std::string_view option);
    void check() const;
    void check_device() const;
    void check_metadata() const;

    const std::string& origin_;
    MountInfoSource source_;
    MountInfo info_;
};

// The documents of the project write volume_type and fs_type, its programs volume-type and fstype.
std::string canonical_key(const std::string& key) {
    const std::string name = lower(key);
    return name == "volume_type" ? "volume-type" : name == "fs_type" ? "fstype" : name;
}

MountInfo Reader::read(const json& document) {
    if (!document.is_object()) {
        refuse("it must be a JSON object such as {\"device\": \"/dev/sdf\", \"fstype\": \"ext4\"}");
    }
    std::vector<std::string> seen;
    for (const auto& [key, value] : document.items()) {
        const std::string name = canonical_key(key);
        if (std::ranges::find(seen, name) != seen.end()) {
            refuse(shown(name) + " is written twice");
        }
        seen.push_back(name);
        if (!value.is_null()) {
            take(name, value);
        }
    }
    check();
    return std::move(info_);
}

void Reader::take(const std::string& key, const json& value) {
    if (key == "volume-type") {
        info_.volume_type = text_of(key, value);
    } else if (key == "device") {
        info_.device = text_of(key, value);
    } else if (key == "fstype") {
        info_.fstype = text_of(key, value);
    } else if (key == "metadata") {
        take_metadata(value);
    } else if (key == "options") {
        take_options(value);
    } else if (key == kPendingSize && source_ == MountInfoSource::stored) {
        info_.pending_size = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
    }
}

std::string Reader::text_of(const std::string& key, const json& value) const {
    if (!value.is_string()) {
        refuse(key + " must be a string");
    }
    const auto& text = value.get_ref<const std::string&>();
    if (!is_plain_text(text)) {
        refuse(key + " has control characters");
    }
    return text;
}

void Reader::take_metadata(const json& value) {
    if (!value.is_object()) {
        refuse("metadata must be an object");
    }
    for (const auto& [key, entry] : value.items()) {
        info_.metadata[key] = text_of("metadata." + printable(key, kShownBytes), entry);
    }
}

void Reader::take_options(const json& value) {
    if (!value.is_array()) {
        refuse("options must be an array of strings");
    }
    for (const json& entry : value) {
        const std::string text = text_of("each of options", entry);
        // As mount(8) reads them, so that nothing hides behind a comma.
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t end = std::min(text.find(',', begin), text.size());
            take_option(std::string_view(text).substr(begin, end - begin));
            begin = end + 1;
        }
    }
    const auto has = [this](const char* option) {
        return std::ranges::find(info_.options, option) != info_.options.end();
    };
    if (has("ro") && has("rw")) {
        refuse("options has both ro and rw");
    }
    std::erase(info_.options, "rw");
}

void Reader::take_option(std::string_view option) {
    if (is_one_of(kBinds, option)) {
        if (source_ == MountInfoSource::request) {
            refuse("options has " + shown(option) +
                   "; the device itself is mounted, in the guest: leave it out");
        }
        return;
    }
    if (is_one_of(kOtherCalls, option)) {
        refuse("options has " + shown(option) + ", which is no option of a file system");
    }
    const bool known = std::ranges::find(info_.options, option) != info_.options.end();
    if (!option.empty() && option != "defaults" && !known) {
        info_.options.emplace_back(option);
    }
}

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

// 45:00.1, or with a domain 0000:45:00.1.
bool is_pci_address(std::string_view text) {
    if (text.size() == 12 && is_hex(text.substr(0, 4), 4) && text[4] == ':') {
        text.remove_prefix(5);
    }
    return text.size() == 7 && is_hex(text.substr(0, 2), 2) && text[2] == ':' &&
           is_hex(text.substr(3, 2), 2) && text[3] < '2' && text[5] == '.' && text[6] >= '0' &&
           text[6] <= '7';
}

bool is_iommu_group(std::string_view text) {
    constexpr std::string_view kPrefix = "/dev/vfio/";
    if (!text.starts_with(kPrefix)) {
        return false;
    }
    text.remove_prefix(kPrefix.size());
    return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == text.npos;
}

VolumeKind kind_of(const std::string& volume_type) {
    return volume_type == "vfiovol"                                ? VolumeKind::vfio
           : volume_type == "spdkvol" || volume_type == "spoolvol" ? VolumeKind::vhost_user
                                                                   : VolumeKind::disk;
}

void Reader::check_device() const {
    if (info_.device.empty()) {
        refuse("device is missing");
    }
    if (kind_of(info_.volume_type) == VolumeKind::vfio) {
        if (!is_pci_address(info_.device) && !is_iommu_group(info_.device)) {
            refuse("device " + shown(info_.device) +
                   " must be a PCI address such as 0000:45:00.1, or /dev/vfio/ and the number of "
                   "an IOMMU group");
        }
    } else if (const auto flaw = flaw_of_path(info_.device)) {
        refuse("device " + shown(info_.device) + " " + *flaw);
    }
}

std::optional<std::uint32_t> gid_of(const std::string& text) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
        if (number > kMax) {
            return std::nullopt;
        }
    }
    return number == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(number));
}

// Go's strconv.ParseBool, which the reference uses.
std::optional<bool> bool_of(const std::string& text) {
    constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
    if (is_one_of(kTrue, text)) {
        return true;
    }
    return is_one_of(kFalse, text) ? std::optional(false) : std::nullopt;
}

void Reader::check_metadata() const {
    for (const auto& [key, value] : info_.metadata) {
        if (key == "fsGroup" && !gid_of(value)) {
            refuse("metadata.fsGroup must be a whole number from 1 to 4294967295, not " +
                   shown(value));
        }
        if (key == "fsGroupChangePolicy" && value != "Always" && value != "OnRootMismatch") {
            refuse("metadata.fsGroupChangePolicy must be Always or OnRootMismatch, not " +
                   shown(value));
        }
        if (key == "createFilesystem" && !bool_of(value)) {
            refuse("metadata.createFilesystem must be true or false, not " + shown(value));
        }
        if (key == "encryptionKey") {
            refuse(
                "metadata.encryptionKey: volumes cannot be encrypted here; encrypt the device "
                "on the host and give the opened one",
                ErrorCode::unsupported);
        }
    }
}

void Reader::check() const {
    check_device();
    if (!info_.fstype.empty() && !is_one_of(kFilesystems, info_.fstype)) {
        refuse("fstype " + shown(info_.fstype) + " is not one of ext4, ext3, ext2, xfs, btrfs");
    }
    check_metadata();
}

std::optional<std::string> metadata_of(const MountInfo& info, const char* key) {
    const auto found = info.metadata.find(key);
    return found == info.metadata.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

MountInfo parse_mount_info(std::string_view text,
                           const std::string& origin,
                           MountInfoSource source) {
    return Reader(origin, source).read(oci::parse_json(text, origin));
}

std::string to_json_text(const MountInfo& info) {
    nlohmann::ordered_json document = {
        {"volume-type", info.volume_type}, {"device", info.device}, {"fstype", info.fstype}};
    if (!info.metadata.empty()) {
        document["metadata"] = info.metadata;
    }
    if (!info.options.empty()) {
        document["options"] = info.options;
    }
    if (info.pending_size != 0) {
        document[kPendingSize] = info.pending_size;
    }
    return document.dump();
}

VolumeSettings settings_of(const MountInfo& info) {
    VolumeSettings settings;
    settings.kind = kind_of(info.volume_type);
    settings.read_only = std::ranges::find(info.options, "ro") != info.options.end();
    settings.fs_group = gid_of(metadata_of(info, "fsGroup").value_or(""));
    settings.only_on_root_mismatch = metadata_of(info, "fsGroupChangePolicy") == "OnRootMismatch";
    settings.create_filesystem =
        bool_of(metadata_of(info, "createFilesystem").value_or("")).value_or(false);
    return settings;
}

}  // namespace kata::sandbox
