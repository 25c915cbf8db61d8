// Network namespaces: doing something in another one, and telling them apart.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "pkg/base/unique_fd.h"

namespace kata::netlink {

/// Runs `work` on a thread of its own that has entered the namespace and ends afterwards, so that
/// no thread of the caller is ever in a foreign namespace. What `work` throws is thrown here.
/// @throws base::Error if the namespace cannot be entered.
void in_network_namespace(base::FdRef network_namespace, const std::function<void()>& work);

/// What one namespace is while it exists.
struct NamespaceIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const NamespaceIdentity&) const = default;
};

/// @throws base::Error
[[nodiscard]] NamespaceIdentity identity_of(base::FdRef network_namespace);

/// nullopt: the file does not exist, or is none that can be read.
[[nodiscard]] std::optional<NamespaceIdentity> identity_of(const std::filesystem::path& path);

}  // namespace kata::netlink
