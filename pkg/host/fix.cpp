#include "pkg/host/fix.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "pkg/base/error.h"
#include "pkg/base/subprocess.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr std::chrono::seconds kModprobeTime{60};
constexpr const char* kModprobe = "/usr/sbin/modprobe";

// Finding a module with all it needs is modprobe's own business, and an administrator's rules about
// it (modprobe.d) are obeyed only by it.
void carry_out(const LoadModules& fix, const Roots& roots) {
    base::ProcessSpec spec;
    spec.path = roots.at(kModprobe).native();
    spec.args = {"modprobe", "--all"};
    spec.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    spec.args.insert(spec.args.end(), fix.names.begin(), fix.names.end());
    const auto result = base::run_process(spec, base::Deadline::after(kModprobeTime));
    if (result.exit_code != 0) {
        throw base::Error(base::ErrorCode::unsupported,
                          "cannot load modules",
                          base::printable(trimmed(result.standard_error), 512));
    }
}

void carry_out(const GiveDevice& fix, const Roots& roots) {
    constexpr mode_t kGroupToo = 0660;
    const auto file = roots.at(fix.path);
    if (::lchown(file.c_str(), static_cast<uid_t>(-1), fix.gid) != 0) {
        throw base::errno_error("change the group of", fix.path, errno);
    }
    if (::chmod(file.c_str(), kGroupToo) != 0) {
        throw base::errno_error("change the mode of", fix.path, errno);
    }
}

void carry_out(const ShareMounts& /*fix*/, const Roots& roots) {
    if (::mount(nullptr, roots.rest.c_str(), nullptr, MS_SHARED | MS_REC, nullptr) != 0) {
        throw base::errno_error("make shared", roots.rest.native(), errno);
    }
}

}  // namespace

void apply(const SafeFix& fix, const Roots& roots) {
    std::visit([&](const auto& known) { carry_out(known, roots); }, fix);
}

}  // namespace kata::host
