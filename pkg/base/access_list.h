// One user's entry in the POSIX access list (acl(5)) of a file: a way to let another user open a
// file without changing its owner, its group or what anybody else may do.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace kata::base {

enum Access : unsigned { kReadAccess = 4, kWriteAccess = 2 };

/// Gives `user` these rights (of Access) to a file. @return whether an entry was added: false if
/// the list has one for that user already, which then stays as it is.
/// @throws Error unsupported if the file system has no access lists, or by errno.
bool grant_access(const std::filesystem::path& file, uid_t user, unsigned rights);

/// Takes the entry of `user` away. A file or entry that does not exist is fine.
void revoke_access(const std::filesystem::path& file, uid_t user);

/// Whether the list of a file has an entry for `user`.
/// @throws Error unsupported if the file system has no access lists, or by errno.
[[nodiscard]] bool is_listed(const std::filesystem::path& file, uid_t user);

/// The list, as the attribute system.posix_acl_access holds it, with an entry added; and with one
/// removed. Pure functions. @param list empty: there is none, the file has `mode` only.
/// @throws Error internal for what is no such list.
[[nodiscard]] std::string list_with_user(const std::string& list,
                                         mode_t mode,
                                         uid_t user,
                                         unsigned rights);
[[nodiscard]] std::string list_without_user(const std::string& list, uid_t user);
[[nodiscard]] bool list_has_user(const std::string& list, uid_t user);

}  // namespace kata::base
