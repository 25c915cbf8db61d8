#include "pkg/host/access.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "pkg/base/unique_fd.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr unsigned kSearch = 1;
constexpr const char* kAclName = "system.posix_acl_access";

// The format of the extended attribute, which linux/posix_acl_xattr.h fixes.
struct AclEntry {
    std::uint16_t tag;
    std::uint16_t rights;
    std::uint32_t id;
};
constexpr std::size_t kAclHeader = 4;
constexpr std::uint16_t kAclUser = 0x02;
constexpr std::uint16_t kAclOwningGroup = 0x04;
constexpr std::uint16_t kAclGroup = 0x08;
constexpr std::uint16_t kAclMask = 0x10;

bool in_group(const User& user, gid_t group) {
    return std::ranges::find(user.groups, group) != user.groups.end();
}

std::vector<AclEntry> acl_of(const std::filesystem::path& file) {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::getxattr(file.c_str(), kAclName, bytes.data(), bytes.size());
    std::vector<AclEntry> entries;
    for (std::size_t at = kAclHeader; size > 0 && at + sizeof(AclEntry) <= std::size_t(size);
         at += sizeof(AclEntry)) {
        std::memcpy(&entries.emplace_back(), bytes.data() + at, sizeof(AclEntry));
    }
    return entries;
}

/// The rights that a list gives to a user who is not the owner; nullopt: those of "others".
std::optional<unsigned> listed_rights(const std::vector<AclEntry>& entries,
                                      const User& user,
                                      gid_t owning_group) {
    unsigned mask = 7;
    std::optional<unsigned> own;
    std::optional<unsigned> groups;
    for (const AclEntry& entry : entries) {
        const bool member = (entry.tag == kAclOwningGroup && in_group(user, owning_group)) ||
                            (entry.tag == kAclGroup && in_group(user, entry.id));
        if (entry.tag == kAclMask) {
            mask = entry.rights;
        } else if (entry.tag == kAclUser && entry.id == user.uid) {
            own = entry.rights;
        } else if (member) {
            groups = groups.value_or(0) | entry.rights;
        }
    }
    const auto found = own ? own : groups;
    return found ? std::optional(*found & mask) : std::nullopt;
}

unsigned rights(const std::filesystem::path& file, const User& user) {
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0) {
        return 0;
    }
    if (user.uid == 0) {
        return 7;
    }
    if (facts.st_uid == user.uid) {
        return facts.st_mode >> 6 & 7;
    }
    const auto entries = acl_of(file);
    if (const auto listed = listed_rights(entries, user, facts.st_gid)) {
        return *listed;
    }
    const bool by_group = entries.empty() && in_group(user, facts.st_gid);
    return (by_group ? facts.st_mode >> 3 : facts.st_mode) & 7;
}

/// Field `index` of the entry `name` in a file of /etc/passwd's kind.
std::optional<std::uint64_t> id_in(const std::string& text, const std::string& name) {
    for (const std::string& line : lines_of(text)) {
        const auto fields = split(line, ':');
        if (fields.size() > 2 && fields[0] == name) {
            return number_of(fields[2]);
        }
    }
    return std::nullopt;
}

std::string name_in(const std::string& text, std::uint64_t id) {
    for (const std::string& line : lines_of(text)) {
        const auto fields = split(line, ':');
        if (fields.size() > 2 && number_of(fields[2]) == id) {
            return fields[0];
        }
    }
    return std::to_string(id);
}

/// "name", "+12" or "12" of qemu.conf.
std::optional<std::uint64_t> named_id(const std::string& text, const std::string& name) {
    const bool numeric = name.starts_with("+");
    const auto by_name = numeric ? std::nullopt : id_in(text, name);
    return by_name ? by_name : number_of(numeric ? name.substr(1) : name);
}

std::string user_name(const std::string& passwd, const std::string& conf) {
    const std::string configured = value_of(conf, "user", '=').value_or("");
    if (!configured.empty()) {
        return configured;
    }
    for (const char* usual : {"libvirt-qemu", "qemu"}) {
        if (id_in(passwd, usual)) {
            return usual;
        }
    }
    return "root";
}

gid_t primary_group(const std::string& passwd, uid_t uid) {
    for (const std::string& line : lines_of(passwd)) {
        const auto fields = split(line, ':');
        if (fields.size() > 3 && number_of(fields[2]) == uid) {
            return static_cast<gid_t>(number_of(fields[3]).value_or(0));
        }
    }
    return 0;
}

void add_groups(User& user, const std::string& group_file) {
    user.groups = {user.gid};
    for (const std::string& line : lines_of(group_file)) {
        const auto fields = split(line, ':');
        if (fields.size() < 3) {
            continue;
        }
        const auto gid = static_cast<gid_t>(number_of(fields[2]).value_or(0));
        const auto members = split(fields.size() > 3 ? fields[3] : "", ',');
        if (std::ranges::find(members, user.name) != members.end() && !in_group(user, gid)) {
            user.groups.push_back(gid);
        }
    }
}

/// "kvm" if QEMU's user is in it, else its own group.
void choose_kvm_group(User& user, const std::string& group_file) {
    const auto kvm = id_in(group_file, "kvm");
    const bool member = kvm && in_group(user, static_cast<gid_t>(*kvm));
    user.kvm_gid = member ? static_cast<gid_t>(*kvm) : user.gid;
    user.kvm_group = name_in(group_file, user.kvm_gid);
}

}  // namespace

User probe_qemu_user(const Roots& roots) {
    const std::string conf = text_of(roots.etc / "libvirt/qemu.conf");
    const std::string passwd = text_of(roots.etc / "passwd");
    const std::string group_file = text_of(roots.etc / "group");
    const std::string name = user_name(passwd, conf);
    User user;
    user.uid = static_cast<uid_t>(named_id(passwd, name).value_or(0));
    user.name = name_in(passwd, user.uid);
    user.gid = primary_group(passwd, user.uid);
    if (const auto group = value_of(conf, "group", '='); group && !group->empty()) {
        user.gid = static_cast<gid_t>(named_id(group_file, *group).value_or(user.gid));
    }
    add_groups(user, group_file);
    choose_kvm_group(user, group_file);
    return user;
}

bool may_open(const Roots& roots,
              const std::filesystem::path& path,
              const User& user,
              Access access) {
    std::error_code error;
    // What a link points to is what counts; inside a tree that is not / it would lead out of it.
    const auto real = roots.is_this_host() ? std::filesystem::canonical(path, error) : path;
    if (error || real.empty()) {
        return false;
    }
    for (auto directory = real.parent_path(); directory.has_relative_path();
         directory = directory.parent_path()) {
        if ((rights(roots.at(directory), user) & kSearch) == 0) {
            return false;
        }
    }
    const auto wanted = static_cast<unsigned>(access);
    return (rights(roots.at(real), user) & wanted) == wanted;
}

Device probe_device(const Roots& roots, const std::string& name, const User& user) {
    const std::filesystem::path path = std::filesystem::path("/dev") / name;
    const auto file = roots.at(path);
    Device device;
    device.exists = is_there(file);
    device.usable_by_qemu = device.exists && may_open(roots, path, user, Access::read_write);
    return device;
}

int try_to_open(const std::filesystem::path& file) {
    const base::UniqueFd opened(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
    return opened.valid() ? 0 : errno;
}

}  // namespace kata::host
