// Tombstones: the VMs that should be gone, but whose libvirt did not answer when they were to be
// destroyed. Its QEMU was killed then, yet a request that libvirt had not read may still make the
// VM, later. The next command that finds libvirt answering finishes them.
//
// One empty file a VM, named by its uuid, in a directory that exists only while there are some.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/deadline.h"
#include "pkg/base/log.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::sandbox {

class Tombstones {
  public:
    explicit Tombstones(std::filesystem::path directory);

    void add(const std::string& uuid) const;

    /// Destroys those that have appeared; forgets them, and those that have not for ten minutes.
    /// Never throws: whoever calls has work of its own. What fails is logged and tried again next
    /// time.
    void finish(Hypervisor& hypervisor, base::Log& log, base::Deadline deadline) const noexcept;

  private:
    void finish_one(Hypervisor& hypervisor,
                    const std::filesystem::path& stone,
                    base::Deadline deadline) const;

    std::filesystem::path directory_;
};

}  // namespace kata::sandbox
