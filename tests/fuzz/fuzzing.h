// What the fuzzers share: a condition that is not allowed to fail, and files that are nowhere but
// in memory.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace kata::fuzz {

inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Runs `work`; an Error may come out of it, of one line, and nothing else.
template <typename Work>
void expect_done_or_refused(Work work) {
    try {
        work();
    } catch (const base::Error& error) {
        require(std::string_view(error.what()).find('\n') == std::string_view::npos);
    }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters
    return {reinterpret_cast<const char*>(data), size};
}

/// A file with `content` that only its owner may write, for functions that want a path.
class MemoryFile {
  public:
    explicit MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        require(fd_.valid() && ::fchmod(fd_.get(), 0600) == 0);
        base::write_all(fd_.ref(), content, "a file in memory");
    }
    [[nodiscard]] std::filesystem::path path() const {
        return "/proc/self/fd/" + std::to_string(fd_.get());
    }

  private:
    base::UniqueFd fd_;
};

}  // namespace kata::fuzz
