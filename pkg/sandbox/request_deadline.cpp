#include "pkg/sandbox/request_deadline.h"

#include <unistd.h>

#include "pkg/base/file.h"
#include "pkg/sandbox/virtualization.h"

namespace kata::sandbox {
namespace {

// Twenty guests that are emulated at once on two CPUs need minutes for what each does in a second.
constexpr int kEmulationFactor = 4;

bool is_emulated(Accelerator accelerator) {
    static const bool host_may_have_kvm = may_have_kvm(
        base::try_read_file("/proc/cpuinfo").value_or(""), ::access("/dev/kvm", F_OK) == 0);
    return accelerator == Accelerator::automatic ? !host_may_have_kvm
                                                 : accelerator == Accelerator::tcg;
}

}  // namespace

bool may_have_kvm(const std::string& cpu_info, bool has_device) {
    return has_device && has_virtualization_flag(cpu_info);
}

std::chrono::seconds request_timeout(const RuntimeConfig& config) {
    return config.request_timeout * (is_emulated(config.accelerator) ? kEmulationFactor : 1);
}

base::Deadline request_deadline(const RuntimeConfig& config) {
    return base::Deadline::after(request_timeout(config));
}

}  // namespace kata::sandbox
