#include "pkg/sandbox/volumes/filesystem_maker.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/quoted.h"
#include "pkg/base/subprocess.h"
#include "pkg/sandbox/volumes/filesystem_size.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::quoted;

constexpr std::array kPrograms{"/usr/sbin", "/sbin", "/usr/bin", "/bin"};

/// ext2, ext3 and ext4 are one.
std::string family_of(const std::string& fs_type) {
    return fs_type.starts_with("ext") ? "ext4" : fs_type;
}

std::string package_of(const std::string& family) {
    return family == "xfs" ? "xfsprogs" : family == "btrfs" ? "btrfs-progs" : "e2fsprogs";
}

fs::path program_for(const std::string& fs_type) {
    for (const char* directory : kPrograms) {
        fs::path program = fs::path(directory) / ("mkfs." + fs_type);
        if (::access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    throw Error(ErrorCode::unsupported,
                "cannot make a file system: this host has no mkfs." + fs_type + "; install " +
                    package_of(family_of(fs_type)));
}

// In a session of its own, so that it comes to its end whatever becomes of us: half a file system
// would be data that nobody dares to overwrite.
constexpr const char* kOwnSession = "/usr/bin/setsid";

// None of them discards what is there: a file whose blocks are all there keeps them. Those of xfs
// and btrfs look for themselves what else is there.
std::vector<std::string> arguments_for(const std::string& fs_type, const fs::path& device) {
    if (family_of(fs_type) == "ext4") {
        return {"-q", "-F", "-E", "nodiscard", device.native()};
    }
    return {"-q", "-K", device.native()};
}

/// What is to become a file system.
class Device {
  public:
    explicit Device(const fs::path& path)
        : path_(path), fd_(base::open_file(path, O_RDWR | O_NONBLOCK)) {
        const off_t end = ::lseek(fd_.get(), 0, SEEK_END);
        if (end < 0) {
            throw base::errno_error("ask the size of", path.native(), errno);
        }
        const std::size_t size = std::min(kEmptyEdge, static_cast<std::size_t>(end));
        edges_ = {{{0, size}, {end - static_cast<off_t>(size), size}}};
    }

    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] bool is_empty() const {
        return std::ranges::all_of(edges_, [this](const Edge& edge) {
            return read(edge).find_first_not_of('\0') == std::string::npos;
        });
    }

    /// Makes it empty again.
    void clear() const {
        const std::string zeros(kEmptyEdge, '\0');
        for (const Edge& edge : edges_) {
            if (::pwrite(fd_.get(), zeros.data(), edge.size, edge.offset) < 0) {
                throw base::errno_error("clear", path_.native(), errno);
            }
        }
    }

  private:
    struct Edge {
        off_t offset = 0;
        std::size_t size = 0;
    };

    [[nodiscard]] std::string read(const Edge& edge) const {
        std::string bytes(edge.size, '\0');
        for (std::size_t done = 0; done < edge.size;) {
            const ssize_t count = ::pread(fd_.get(),
                                          bytes.data() + done,
                                          edge.size - done,
                                          edge.offset + static_cast<off_t>(done));
            if (count == 0 || (count < 0 && errno != EINTR)) {
                throw base::errno_error("read", path_.native(), count == 0 ? EIO : errno);
            }
            done += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
        }
        return bytes;
    }

    fs::path path_;
    base::UniqueFd fd_;
    std::array<Edge, 2> edges_;
};

base::ProcessSpec command_for(const std::string& fs_type, const fs::path& device) {
    base::ProcessSpec spec;
    spec.path = kOwnSession;
    spec.args = {"setsid", "--fork", "--wait", program_for(fs_type).native()};
    std::ranges::move(arguments_for(fs_type, device), std::back_inserter(spec.args));
    spec.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    return spec;
}

void run(const base::ProcessSpec& command, const Device& device, base::Deadline deadline) {
    const std::string what = "cannot make a file system on " + quoted(device.path());
    const base::ProcessResult result = base::run_process(command, deadline);
    if (result.timed_out) {
        throw Error(ErrorCode::timeout, what + ": it was not done in time");
    }
    if (result.exit_code != 0) {
        device.clear();
        throw Error(ErrorCode::invalid_state, what, base::printable(result.standard_error, 512));
    }
}

}  // namespace

bool make_filesystem(const fs::path& path, const std::string& fs_type, base::Deadline deadline) {
    const std::string what = "cannot make a file system on " + quoted(path);
    if (const auto present = filesystem_family(path)) {
        if (*present == family_of(fs_type)) {
            return false;
        }
        throw Error(ErrorCode::invalid_state,
                    what + ": it has one of type " + *present + " already, not " + fs_type);
    }
    const Device device(path);
    if (!device.is_empty()) {
        throw Error(ErrorCode::invalid_state,
                    what +
                        ": it is not empty; overwrite its first and last 4 MiB with zeros if "
                        "nobody needs what is there");
    }
    run(command_for(fs_type, path), device, deadline);
    return true;
}

}  // namespace kata::sandbox
