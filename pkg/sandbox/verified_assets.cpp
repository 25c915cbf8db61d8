#include "pkg/sandbox/verified_assets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr mode_t kReadable = 0644;
constexpr mode_t kSearchable = 0755;
constexpr mode_t kOwn = 0600;

base::UniqueFd open_source(const std::filesystem::path& path) {
    base::UniqueFd file = base::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) {
        throw base::errno_error("look at", path.native(), errno);
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot verify \"" + path.native() + "\": " +
                        (S_ISREG(status.st_mode) ? "it is empty" : "it is not a regular file"));
    }
    return file;
}

// Whatever the caller's umask is.
void set_mode(const std::filesystem::path& path, mode_t mode) {
    if (::chmod(path.c_str(), mode) != 0) {
        throw base::errno_error("set the mode of", path.native(), errno);
    }
}

/// @param take gets every piece of the file.
/// @return the digest of all pieces.
template <typename Take>
std::string read_hashed(base::FdRef from,
                        const std::filesystem::path& source,
                        VmBackend& vm,
                        Take take) {
    const std::unique_ptr<Digest> digest = vm.sha512();
    std::vector<char> piece(kPiece);
    for (;;) {
        const ssize_t size = ::read(from.get(), piece.data(), piece.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            throw base::errno_error("read", source.native(), errno);
        }
        if (size == 0) {
            return digest->hexadecimal();
        }
        const std::string_view bytes(piece.data(), static_cast<std::size_t>(size));
        digest->add(bytes);
        take(bytes);
    }
}

/// @return the digest of what was copied.
std::string copy_hashed(const std::filesystem::path& source,
                        const std::filesystem::path& target,
                        VmBackend& vm) {
    const base::UniqueFd from = open_source(source);
    const base::UniqueFd to = base::open_file(target, O_WRONLY | O_CREAT | O_EXCL, kReadable);
    const std::string hash = read_hashed(from.ref(), source, vm, [&](std::string_view bytes) {
        base::write_all(to.ref(), bytes, target.native());
    });
    set_mode(target, kReadable);
    return hash;
}

std::string lower_case(std::string text) {
    std::ranges::transform(
        text, text.begin(), [](char c) { return c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c; });
    return text;
}

/// @param name of the annotation. @param expected empty: any will do.
void require_hash(const std::string& name,
                  const std::string& expected,
                  const std::filesystem::path& path,
                  const std::string& found) {
    if (!expected.empty() && found != lower_case(expected)) {
        throw Error(ErrorCode::invalid_argument,
                    "the annotation \"io.katacontainers.config.hypervisor." + name +
                        "\" is not the hash of \"" + path.native() + "\", whose SHA-512 is " +
                        found);
    }
}

/// Replaces `path` by a copy, which must have this hash unless that is empty.
void use_copy(std::filesystem::path& path,
              const std::string& hash,
              const std::filesystem::path& directory,
              const std::string& name,
              VmBackend& vm) {
    const std::filesystem::path copy = directory / name;
    const std::string found = copy_hashed(path, copy, vm);
    require_hash(name + "_hash", hash, path, found);
    path = copy;
}

/// The same; an empty hash: leaves it.
void use_verified(std::filesystem::path& path,
                  const std::string& hash,
                  const std::filesystem::path& directory,
                  const std::string& name,
                  VmBackend& vm) {
    if (!hash.empty()) {
        use_copy(path, hash, directory, name, vm);
    }
}

bool needs_copies(const RuntimeConfig& config) {
    const MachineOptions& machine = config.machine;
    return !config.kernel_hash.empty() || !config.initrd_hash.empty() ||
           !config.image_hash.empty() || !machine.firmware_hash.empty() ||
           !machine.firmware_volume.empty();
}

// The volume is copied in any case: the guest writes into it.
void use_firmware_copies(MachineOptions& machine,
                         const std::filesystem::path& directory,
                         VmBackend& vm) {
    use_verified(machine.firmware, machine.firmware_hash, directory, "firmware", vm);
    if (!machine.firmware_volume.empty()) {
        use_copy(machine.firmware_volume,
                 machine.firmware_volume_hash,
                 directory,
                 "firmware_volume",
                 vm);
        set_mode(machine.firmware_volume, kOwn);
    }
}

}  // namespace

std::filesystem::path assets_dir_of(const RuntimeConfig& config, const ContainerPlace& place) {
    return config.assets_dir / ("sandbox-" + place.sandbox_id);
}

void use_verified_assets(RuntimeConfig& config,
                         const ContainerPlace& place,
                         Journal& journal,
                         VmBackend& vm) {
    if (!needs_copies(config)) {
        return;
    }
    if (!config.image_hash.empty() && config.image.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "the annotation \"io.katacontainers.config.hypervisor.image_hash\" is the hash "
                    "of no file: "
                    "this configuration has no image");
    }
    const std::filesystem::path directory = assets_dir_of(config, place);
    journal.record(Effect::Kind::directory, directory);
    base::make_directories(directory, kSearchable);
    set_mode(directory, kSearchable);
    use_verified(config.kernel, config.kernel_hash, directory, "kernel", vm);
    auto& initrd = config.image.empty() ? config.initrd : config.image_loader;
    use_verified(initrd, config.initrd_hash, directory, "initrd", vm);
    use_verified(config.image, config.image_hash, directory, "image", vm);
    use_firmware_copies(config.machine, directory, vm);
}

void require_verified_emulator(const RuntimeConfig& config, pid_t pid, VmBackend& vm) {
    if (config.emulator_hashes.empty()) {
        return;
    }
    const std::filesystem::path running = "/proc/" + std::to_string(pid) + "/exe";
    const base::UniqueFd program = open_source(running);
    const std::string found = read_hashed(program.ref(), running, vm, [](std::string_view) {});
    std::error_code ignored;  // what was opened there can be named
    const auto path = std::filesystem::read_symlink(running, ignored);
    for (const auto& [name, hash] : config.emulator_hashes) {
        require_hash(name, hash, path, found);
    }
}

}  // namespace kata::sandbox
