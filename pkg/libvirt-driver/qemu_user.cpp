#include "pkg/libvirt-driver/qemu_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

constexpr std::size_t kRecordBytes = std::size_t{16} << 10;
constexpr int kMaxGroups = 1024;

/// Takes "+123" off the front of `text`.
std::optional<id_t> take_number(std::string_view& text) {
    id_t number = 0;
    if (text.empty() || text.front() != '+') {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::string group_name(gid_t gid) {
    std::array<char, kRecordBytes> buffer{};
    group record{};
    group* found = nullptr;
    if (getgrgid_r(gid, &record, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        return std::to_string(gid);
    }
    return found->gr_name;
}

/// The groups of `user` in the user database and `gid`, each once.
std::vector<gid_t> groups_of(const passwd& user, gid_t gid) {
    std::vector<gid_t> groups(kMaxGroups);
    int count = kMaxGroups;
    if (getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) < 0) {
        return {user.pw_gid, gid};
    }
    groups.resize(static_cast<std::size_t>(count));
    if (std::find(groups.begin(), groups.end(), gid) == groups.end()) {
        groups.push_back(gid);
    }
    return groups;
}

/// "kvm", which distributions give /dev/kvm to, if it is among them; else the first.
std::string choose_device_group(const std::vector<gid_t>& groups) {
    for (const gid_t group : groups) {
        if (group_name(group) == "kvm") {
            return "kvm";
        }
    }
    return group_name(groups.front());
}

}  // namespace

std::optional<UserIds> parse_dac_label(const std::string& label) {
    std::string_view rest = label;
    const auto uid = take_number(rest);
    if (!uid || rest.empty() || rest.front() != ':') {
        return std::nullopt;
    }
    rest.remove_prefix(1);
    const auto gid = take_number(rest);
    if (!gid || !rest.empty()) {
        return std::nullopt;
    }
    return UserIds{*uid, *gid};
}

std::optional<UserIds> qemu_user_ids(const std::string& capabilities_xml) {
    const auto labels = select_text(capabilities_xml,
                                    "/capabilities/host/secmodel[model='dac']/baselabel/text()",
                                    "the capabilities");
    return labels.empty() ? std::nullopt : parse_dac_label(labels.front());
}

QemuUser describe_user(UserIds ids) {
    QemuUser user{.uid = ids.uid,
                  .gid = ids.gid,
                  .name = std::to_string(ids.uid),
                  .device_group = {},
                  .groups = {ids.gid}};
    std::array<char, kRecordBytes> buffer{};
    passwd record{};
    passwd* found = nullptr;
    if (getpwuid_r(ids.uid, &record, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        user.name = found->pw_name;
        user.groups = groups_of(*found, ids.gid);
    }
    user.device_group = choose_device_group(user.groups);
    return user;
}

UserIds current_user_ids() {
    return {geteuid(), getegid()};
}

}  // namespace kata::libvirt_driver
