// Finding the processes of a VM. libvirt has no call that tells their pids.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kata::libvirt_driver {

/// Where to look; tests put a tree of their own here.
struct ProcessPaths {
    std::filesystem::path proc = "/proc";
    std::filesystem::path qemu_run = "/run/libvirt/qemu";  // <name>.pid of the system's daemon
};

/// The process that was started as QEMU with `-uuid <uuid>`: taken from the daemon's pid file if
/// that names it, else (a private daemon has its files elsewhere) searched among all processes.
/// @param owner if set, only a process of this user counts: a stranger may pretend any argument.
/// @return nullopt if there is none, or more than one.
[[nodiscard]] std::optional<pid_t> find_qemu(const ProcessPaths& paths,
                                             const std::string& name,
                                             const std::string& uuid,
                                             std::optional<uid_t> owner);

/// The file that a QEMU has its guest's memory in; "": it has no name.
[[nodiscard]] std::string memory_file_of(const ProcessPaths& paths, pid_t pid);

/// The processes that serve `directory` to a VM by virtio-fs, children included.
/// @param owner if set, only processes of this user count, as above.
[[nodiscard]] std::vector<pid_t> find_virtiofsd(const ProcessPaths& paths,
                                                const std::filesystem::path& directory,
                                                std::optional<uid_t> owner);

}  // namespace kata::libvirt_driver
