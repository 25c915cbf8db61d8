#include "pkg/libvirt-driver/qemu_process.h"

#include <sys/stat.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "pkg/base/file.h"

namespace kata::libvirt_driver {
namespace {

std::optional<pid_t> parse_pid(std::string_view text) {
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
        return std::nullopt;
    }
    return pid;
}

/// Root counts as every owner: it can pretend anything, and owns the files of undumpable processes.
bool is_owned_by(const std::filesystem::path& directory, std::optional<uid_t> owner) {
    struct stat status {};
    return !owner || (stat(directory.c_str(), &status) == 0 &&
                      (status.st_uid == *owner || status.st_uid == 0));
}

/// Whether `-uuid <uuid>` is among the arguments (as two whole ones) of the process.
bool has_uuid(const std::filesystem::path& directory, const std::string& uuid) {
    using std::string_literals::operator""s;
    const auto arguments = base::try_read_file(directory / "cmdline");
    return arguments && arguments->find("\0-uuid\0"s + uuid + '\0') != std::string::npos;
}

bool is_qemu_of(const ProcessPaths& paths,
                pid_t pid,
                const std::string& uuid,
                std::optional<uid_t> owner) {
    const auto directory = paths.proc / std::to_string(pid);
    return is_owned_by(directory, owner) && has_uuid(directory, uuid);
}

std::vector<pid_t> all_pids(const std::filesystem::path& proc) {
    std::vector<pid_t> pids;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(proc, error), end; !error && entry != end;
         entry.increment(error)) {
        if (const auto pid = parse_pid(entry->path().filename().string())) {
            pids.push_back(*pid);
        }
    }
    return pids;
}

}  // namespace

std::optional<pid_t> find_qemu(const ProcessPaths& paths,
                               const std::string& name,
                               const std::string& uuid,
                               std::optional<uid_t> owner) {
    const auto recorded = base::try_read_file(paths.qemu_run / (name + ".pid"));
    const auto pid = recorded ? parse_pid(*recorded) : std::nullopt;
    if (pid && is_qemu_of(paths, *pid, uuid, owner)) {
        return pid;
    }
    std::optional<pid_t> found;
    for (const pid_t candidate : all_pids(paths.proc)) {
        if (!is_qemu_of(paths, candidate, uuid, owner)) {
            continue;
        }
        if (found) {
            return std::nullopt;
        }
        found = candidate;
    }
    return found;
}

std::string memory_file_of(const ProcessPaths& paths, pid_t pid) {
    constexpr std::string_view kKey = R"("mem-path":")";  // of an object in JSON
    const auto arguments =
        base::try_read_file(paths.proc / std::to_string(pid) / "cmdline").value_or("");
    const auto at = arguments.find(kKey);
    if (at == std::string::npos) {
        return "";
    }
    const auto begin = at + kKey.size();
    return arguments.substr(begin, arguments.find('"', begin) - begin);
}

std::vector<pid_t> find_virtiofsd(const ProcessPaths& paths,
                                  const std::filesystem::path& directory,
                                  std::optional<uid_t> owner) {
    using std::string_literals::operator""s;
    std::vector<pid_t> found;
    for (const pid_t candidate : all_pids(paths.proc)) {
        const auto process = paths.proc / std::to_string(candidate);
        const auto arguments = base::try_read_file(process / "cmdline");
        // "virtiofsd --fd=N -o source=DIRECTORY,..."
        const bool serves =
            arguments && arguments->find("virtiofsd\0"s) != std::string::npos &&
            arguments->find("\0source="s + directory.native() + ",") != std::string::npos;
        if (serves && is_owned_by(process, owner)) {
            found.push_back(candidate);
        }
    }
    return found;
}

}  // namespace kata::libvirt_driver
