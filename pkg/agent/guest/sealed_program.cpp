#include "pkg/agent/guest/sealed_program.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kMaxProgramBytes = std::size_t{16} << 20;
// Exactly these: with one more, crun takes the copy for somebody else's.
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

SealedProgram::SealedProgram(const std::string& path)
    : copy_(::memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    if (!copy_.valid()) {
        throw base::errno_error("copy", path, errno);
    }
    base::write_all(copy_.ref(), base::read_file(path, kMaxProgramBytes), path);
    if (::fcntl(copy_.get(), F_ADD_SEALS, kSeals) != 0) {
        throw base::errno_error("seal the copy of", path, errno);
    }
}

std::string SealedProgram::path() const {
    return "/proc/self/fd/" + std::to_string(copy_.get());
}

}  // namespace kata::agent::guest
