#include "pkg/base/access_list.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "pkg/base/error.h"

namespace kata::base {
namespace {

using Entry = posix_acl_xattr_entry;

constexpr const char* kAttribute = "system.posix_acl_access";

// The kernel wants them by tag, and the named ones by id.
bool comes_before(const Entry& left, const Entry& right) {
    return left.e_tag != right.e_tag ? left.e_tag < right.e_tag : left.e_id < right.e_id;
}

std::vector<Entry> parse(const std::string& list) {
    posix_acl_xattr_header header{};
    if (list.size() < sizeof header || (list.size() - sizeof header) % sizeof(Entry) != 0) {
        throw Error(ErrorCode::internal, "cannot read an access list: it has a wrong size");
    }
    std::memcpy(&header, list.data(), sizeof header);
    if (header.a_version != POSIX_ACL_XATTR_VERSION) {
        throw Error(ErrorCode::internal, "cannot read an access list: it has an unknown version");
    }
    std::vector<Entry> entries((list.size() - sizeof header) / sizeof(Entry));
    std::memcpy(entries.data(), list.data() + sizeof header, list.size() - sizeof header);
    return entries;
}

std::string text_of(std::vector<Entry> entries) {
    std::sort(entries.begin(), entries.end(), comes_before);
    const posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
    std::string list(sizeof header + entries.size() * sizeof(Entry), '\0');
    std::memcpy(list.data(), &header, sizeof header);
    std::memcpy(list.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
    return list;
}

Entry entry(unsigned tag, unsigned rights, unsigned id = ACL_UNDEFINED_ID) {
    Entry made{};
    made.e_tag = static_cast<__le16>(tag);
    made.e_perm = static_cast<__le16>(rights);
    made.e_id = id;
    return made;
}

std::vector<Entry> entries_of_mode(mode_t mode) {
    return {entry(ACL_USER_OBJ, (mode >> 6) & 7),
            entry(ACL_GROUP_OBJ, (mode >> 3) & 7),
            entry(ACL_OTHER, mode & 7)};
}

bool is_user(const Entry& entry, uid_t user) {
    return entry.e_tag == ACL_USER && entry.e_id == user;
}

// The mask bounds everybody but owner and others: as wide as the widest of them, so that none loses
// anything. Without named entries there is none, and the list is the mode again.
void renew_mask(std::vector<Entry>& entries) {
    std::erase_if(entries, [](const Entry& one) { return one.e_tag == ACL_MASK; });
    unsigned rights = 0;
    bool named = false;
    for (const Entry& one : entries) {
        named |= one.e_tag == ACL_USER || one.e_tag == ACL_GROUP;
        if (one.e_tag != ACL_USER_OBJ && one.e_tag != ACL_OTHER) {
            rights |= one.e_perm;
        }
    }
    if (named) {
        entries.push_back(entry(ACL_MASK, rights));
    }
}

// What the present mask forbids stays forbidden when it becomes wider.
void apply_mask(std::vector<Entry>& entries) {
    const auto mask = std::find_if(
        entries.begin(), entries.end(), [](const Entry& one) { return one.e_tag == ACL_MASK; });
    if (mask == entries.end()) {
        return;
    }
    const unsigned rights = mask->e_perm;
    for (Entry& one : entries) {
        if (one.e_tag != ACL_USER_OBJ && one.e_tag != ACL_OTHER) {
            one.e_perm = static_cast<__le16>(one.e_perm & rights);
        }
    }
}

std::string read_list(const std::filesystem::path& file) {
    std::string list(4096, '\0');
    const ssize_t size = ::getxattr(file.c_str(), kAttribute, list.data(), list.size());
    if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP) {
        throw errno_error("read the access list of", file.native(), errno);
    }
    list.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return list;
}

void write_list(const std::filesystem::path& file, const std::string& list) {
    if (::setxattr(file.c_str(), kAttribute, list.data(), list.size(), 0) == 0) {
        return;
    }
    if (errno == EOPNOTSUPP) {
        throw Error(
            ErrorCode::unsupported,
            "cannot set the access list of \"" + file.native() + "\": its file system has none");
    }
    throw errno_error("set the access list of", file.native(), errno);
}

}  // namespace

bool list_has_user(const std::string& list, uid_t user) {
    if (list.empty()) {
        return false;
    }
    const auto entries = parse(list);
    return std::any_of(
        entries.begin(), entries.end(), [&](const Entry& one) { return is_user(one, user); });
}

std::string list_with_user(const std::string& list, mode_t mode, uid_t user, unsigned rights) {
    auto entries = list.empty() ? entries_of_mode(mode) : parse(list);
    apply_mask(entries);
    entries.push_back(entry(ACL_USER, rights, user));
    renew_mask(entries);
    return text_of(std::move(entries));
}

std::string list_without_user(const std::string& list, uid_t user) {
    auto entries = parse(list);
    std::erase_if(entries, [&](const Entry& one) { return is_user(one, user); });
    renew_mask(entries);
    return text_of(std::move(entries));
}

bool is_listed(const std::filesystem::path& file, uid_t user) {
    return list_has_user(read_list(file), user);
}

bool grant_access(const std::filesystem::path& file, uid_t user, unsigned rights) {
    const std::string list = read_list(file);
    if (list_has_user(list, user)) {
        return false;
    }
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        throw errno_error("stat", file.native(), errno);
    }
    write_list(file, list_with_user(list, status.st_mode, user, rights));
    return true;
}

void revoke_access(const std::filesystem::path& file, uid_t user) {
    try {
        const std::string list = read_list(file);
        if (list_has_user(list, user)) {
            write_list(file, list_without_user(list, user));
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) {
            throw;
        }
    }
}

}  // namespace kata::base
