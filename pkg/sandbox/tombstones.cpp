#include "pkg/sandbox/tombstones.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::minutes kKept{10};

bool is_old(const std::filesystem::path& file) {
    std::error_code failure;
    const auto written = std::filesystem::last_write_time(file, failure);
    return !failure && std::filesystem::file_time_type::clock::now() - written > kKept;
}

}  // namespace

Tombstones::Tombstones(std::filesystem::path directory) : directory_(std::move(directory)) {}

void Tombstones::add(const std::string& uuid) const {
    base::make_directories(directory_);
    base::write_file_atomically(directory_ / uuid, "");
}

void Tombstones::finish_one(Hypervisor& hypervisor,
                            const std::filesystem::path& stone,
                            base::Deadline deadline) const {
    const std::string uuid = stone.filename();
    const bool appeared = hypervisor.vm_state(uuid, deadline) != VmState::stopped;
    if (appeared) {
        hypervisor.destroy_vm(uuid, deadline);
    }
    if (appeared || is_old(stone)) {
        ::unlink(stone.c_str());
    }
}

void Tombstones::finish(Hypervisor& hypervisor,
                        base::Log& log,
                        base::Deadline deadline) const noexcept {
    try {
        std::error_code missing;
        for (const auto& entry : std::filesystem::directory_iterator(directory_, missing)) {
            finish_one(hypervisor, entry.path(), deadline);
        }
        ::rmdir(directory_.c_str());
    } catch (const std::exception& error) {
        log.warning(std::string("cannot destroy a VM that libvirt left behind: ") + error.what());
    }
}

}  // namespace kata::sandbox
