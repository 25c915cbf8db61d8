// ServedShare: a sandbox's share with one container's root in it, made by the product's own code,
// and the virtiofsd that serves it as in real sandboxes. There is no VM; whoever connects is it.
#pragma once

#include <filesystem>

#include "pkg/base/process.h"
#include "pkg/base/unique_fd.h"

namespace kata::raw_fuse {

enum class Starter { runtime, libvirt };

class ServedShare {
  public:
    static constexpr const char* kContainer = "container";

    /// Binds work/bundle/rootfs into a share below work/share; what it mounts stays in our mount
    /// namespace. The server's words go to work/state/words.
    ServedShare(const std::filesystem::path& work, Starter starter);
    ~ServedShare();
    ServedShare(const ServedShare&) = delete;
    ServedShare& operator=(const ServedShare&) = delete;
    ServedShare(ServedShare&&) = delete;
    ServedShare& operator=(ServedShare&&) = delete;

    [[nodiscard]] base::UniqueFd connect() const;

    /// Whether the server ends by itself, now that nobody needs it.
    [[nodiscard]] bool ends() const;

  private:
    std::filesystem::path socket_;
    base::ProcessId server_;
};

}  // namespace kata::raw_fuse
