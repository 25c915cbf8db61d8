#include "pkg/sandbox/vm_share.h"

#include <unistd.h>

#include <array>
#include <bit>

#include "pkg/base/error.h"
#include "pkg/base/held_process.h"
#include "pkg/sandbox/virtiofsd_arguments.h"

namespace kata::sandbox {
namespace {

// Where distributions put them.
constexpr std::array kVirtiofsd{
    "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd"};
constexpr std::array kProxy{"/usr/lib/qemu/virtfs-proxy-helper",
                            "/usr/libexec/virtfs-proxy-helper",
                            "/usr/bin/virtfs-proxy-helper"};

template <typename Paths>
std::string installed(const Paths& paths, const char* what) {
    for (const char* path : paths) {
        if (::access(path, X_OK) == 0) {
            return path;
        }
    }
    throw base::Error(base::ErrorCode::not_found,
                      std::string("cannot share files: ") + what + " is not installed, neither \"" +
                          paths.front() + "\" nor elsewhere");
}

// What it does without being told is "auto".
std::string cache_of(const RuntimeConfig& config) {
    if (config.virtio_fs_cache == "auto") {
        return "";
    }
    return config.virtio_fs_cache == "never" ? "none" : config.virtio_fs_cache;
}

std::vector<std::string> virtiofsd_command(const RuntimeConfig& config, const Share& share) {
    const VirtiofsdArguments arguments = parse_virtiofsd_arguments(config.virtio_fs_extra_args);
    const std::string program = config.virtio_fs_daemon.empty() ? installed(kVirtiofsd, "virtiofsd")
                                                                : config.virtio_fs_daemon.native();
    std::vector<std::string> command{program, "-o", "xattr"};
    command.insert(command.end(), arguments.others.begin(), arguments.others.end());
    if (arguments.threads > 0) {
        command.push_back("--thread-pool-size=" + std::to_string(arguments.threads));
    }
    const std::string cache = cache_of(config);
    // Ours come last, and the last one counts.
    for (const std::string& option : {"cache=" + (cache.empty() ? "auto" : cache),
                                      std::string("sandbox=namespace"),
                                      "source=" + share.exported().native()}) {
        command.insert(command.end(), {"-o", option});
    }
    command.push_back("--fd=" + std::to_string(base::kInheritedFd));
    return command;
}

}  // namespace

std::optional<VmShare> vm_share(const RuntimeConfig& config, const Share& share) {
    if (config.shared_fs == SharedFs::none) {
        return std::nullopt;
    }
    VmShare described{share.exported(), kShareTag};
    if (config.shared_fs == SharedFs::virtio_9p) {
        described.protocol = ShareProtocol::virtio_9p;
        return described;
    }
    described.queue_size = config.virtio_fs_queue_size;
    if (!needs_own_server(config)) {
        described.server = config.virtio_fs_daemon;
        described.cache = cache_of(config);
        described.threads = parse_virtiofsd_arguments(config.virtio_fs_extra_args).threads;
    }
    return described;
}

bool needs_own_server(const RuntimeConfig& config) {
    switch (config.shared_fs) {
        case SharedFs::virtio_fs:
            return config.virtio_fs_cache == "metadata" ||
                   !parse_virtiofsd_arguments(config.virtio_fs_extra_args).others.empty();
        case SharedFs::virtio_9p:
            return true;
        case SharedFs::none:
            break;
    }
    return false;
}

std::vector<std::string> server_command(const RuntimeConfig& config,
                                        const Share& share,
                                        const std::filesystem::path& socket,
                                        VmUser user) {
    if (config.shared_fs == SharedFs::virtio_fs) {
        return virtiofsd_command(config, share);
    }
    return {installed(kProxy, "QEMU's virtfs-proxy-helper"),
            "--nodaemon",
            "--path",
            share.exported().native(),
            "--socket",
            socket.native(),
            "--uid",
            std::to_string(user.uid),
            "--gid",
            std::to_string(user.gid)};
}

std::vector<GuestStorage> guest_storages(const RuntimeConfig& config) {
    switch (config.shared_fs) {
        case SharedFs::virtio_fs:
            return {{kShareTag, "virtiofs", {}, kGuestShareDir}};
        case SharedFs::virtio_9p:
            return {{kShareTag,
                     "9p",
                     {"trans=virtio",
                      "version=9p2000.L",
                      "cache=mmap",
                      "msize=" + std::to_string(config.msize_9p)},
                     kGuestShareDir}};
        case SharedFs::none:
            break;
    }
    return {{kShareTag, "tmpfs", {"mode=0755"}, kGuestShareDir}};
}

std::string complaint_about_share(const RuntimeConfig& config) {
    try {
        static_cast<void>(parse_virtiofsd_arguments(config.virtio_fs_extra_args));
    } catch (const base::Error& error) {
        return error.what();
    }
    if (config.virtio_fs_queue_size != 0 && !std::has_single_bit(config.virtio_fs_queue_size)) {
        return "\"virtio_fs_queue_size\" must be a power of 2";
    }
    if (config.shared_fs == SharedFs::none && !config.sandbox_bind_mounts.empty()) {
        return "\"runtime.sandbox_bind_mounts\" needs a share, and \"shared_fs\" = \"none\" leaves "
               "it "
               "out";
    }
    return "";
}

}  // namespace kata::sandbox
