#include "pkg/agent/guest/crun_runtime.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/crun_error.h"
#include "pkg/agent/guest/dev_mount.h"
#include "pkg/agent/guest/device_modules.h"
#include "pkg/agent/guest/network_sysctl.h"
#include "pkg/agent/guest/process_attributes.h"
#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"
#include "pkg/base/scope_exit.h"

namespace kata::agent::guest {

// One run of crun. Its log file is where it says why it failed: its standard error is the
// container's.
struct CrunRuntime::Invocation {
    std::string operation;        // for messages: "create the container"
    std::filesystem::path files;  // prefix of the files it leaves and reads: <bundle>/<name>
    std::vector<std::string> command;
    std::string container_id;
    nlohmann::json process;  // of those that start one
    // A minute means that it hangs, even under software emulation.
    base::Deadline deadline = base::Deadline::after(std::chrono::seconds(120));

    [[nodiscard]] std::string file(const char* suffix) const { return files.native() + suffix; }
};

namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kMaxLog = std::size_t{64} << 10;
constexpr const char* kOldestVersion = "1.0.2";

json parse_object(const std::string& text, const char* what) {
    json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_object()) {
        throw Error(ErrorCode::invalid_argument,
                    std::string("cannot read ") + what + ": not a JSON object");
    }
    return parsed;
}

// The executable, for error messages; "" if there is none, which crun reports itself.
std::string executable_of(const json& process) {
    const json args = process.value("args", json::array());
    return args.is_array() && !args.empty() && args[0].is_string() ? args[0].get<std::string>()
                                                                   : "";
}

bool wants_terminal(const json& process) {
    const auto found = process.find("terminal");
    return found != process.end() && found->is_boolean() && found->get<bool>();
}

std::string read_log(const std::string& path) {
    try {
        return base::read_file(path, kMaxLog);
    } catch (const Error&) {
        return "";
    }
}

pid_t read_pid(const std::string& path) {
    const std::string text = base::read_file(path, 64);
    pid_t pid = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (parsed.ec != std::errc() || pid <= 1) {
        throw Error(ErrorCode::internal, "cannot read the pid that crun wrote to " + path);
    }
    return pid;
}

// Where crun sends the master of a terminal: it queues there until we take it.
class ConsoleSocket {
  public:
    explicit ConsoleSocket(const std::string& path)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) {
            throw base::errno_error("listen on", path, ENAMETOOLONG);
        }
        std::memcpy(address.sun_path, path.data(), path.size());
        if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
                0 ||
            ::listen(listener_.get(), 1) != 0) {
            throw base::errno_error("listen on", path, errno);
        }
    }

    /// After crun has ended.
    [[nodiscard]] base::UniqueFd take_master() const {
        const base::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.valid()) {
            throw base::errno_error("receive", "the terminal of the process", errno);
        }
        auto message = base::receive_message(connection.ref(), 4096);
        if (!message || message->fds.empty()) {
            throw Error(ErrorCode::internal,
                        "cannot receive the terminal of the process from crun");
        }
        return std::move(message->fds.front());
    }

  private:
    base::UniqueFd listener_;
};

// crun's console socket lives at a short path of its own: container ids may be longer than an
// address.
std::string console_path(const std::filesystem::path& bundles) {
    static_assert(sizeof(sockaddr_un::sun_path) > 64);
    std::string directory = (bundles / ".console.XXXXXX").native();
    if (::mkdtemp(directory.data()) == nullptr) {
        throw base::errno_error("create a directory in", bundles.native(), errno);
    }
    return directory + "/sock";
}

void remove_console(const std::string& path) noexcept {
    ::unlink(path.c_str());
    ::rmdir(std::filesystem::path(path).parent_path().c_str());
}

// A specification newer than crun is not an error: what crun does not know, it skips.
void lower_version(json& spec) {
    const auto version = spec.find("ociVersion");
    if (version == spec.end() || !version->is_string() ||
        !version->get_ref<const std::string&>().starts_with("1.0.")) {
        spec["ociVersion"] = kOldestVersion;
    }
}

}  // namespace

std::filesystem::path CrunRuntime::bundle_of(const std::string& container_id) const {
    return settings_.bundles / container_id;
}

void CrunRuntime::run(const Invocation& invocation, LaunchSpec spec) {
    const std::string log = invocation.file("crun.log");
    ::unlink(log.c_str());
    spec.program = program_.path();
    spec.name = "crun " + invocation.command.front();
    spec.args = {"--root=" + settings_.state.native(), "--cgroup-manager=cgroupfs", "--log=" + log};
    spec.args.insert(spec.args.end(), invocation.command.begin(), invocation.command.end());
    spec.args.push_back(invocation.container_id);
    const base::UniqueFd early(::memfd_create("crun", MFD_CLOEXEC));
    if (spec.standard_error < 0) {
        spec.standard_error = early.get();
    }
    if (launch_and_wait(spec, reaper_, invocation.deadline) == 0) {
        return;
    }
    std::string text = read_log(log);
    if (text.empty()) {  // it failed before it opened its log
        text.resize(4096);
        const ssize_t count = ::pread(early.get(), text.data(), text.size(), 0);
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    throw translate_crun_error(invocation.operation, text, executable_of(invocation.process));
}

StartedProcess CrunRuntime::start_process(const Invocation& invocation) {
    const std::string pid_file = invocation.file("pid");
    Invocation started = invocation;
    started.command.push_back("--pid-file=" + pid_file);
    LaunchSpec spec;
    spec.attributes = inherited_attributes(invocation.process);
    if (!wants_terminal(invocation.process)) {
        StdioPipes pipes = make_stdio_pipes(settings_.pipe_size);
        spec.standard_input = pipes.process.input.get();
        spec.standard_output = pipes.process.output.get();
        spec.standard_error = pipes.process.error.get();
        run(started, spec);
        return {read_pid(pid_file), std::move(pipes.agent)};
    }
    const std::string socket_path = console_path(settings_.bundles);
    const base::ScopeExit remove_socket([&]() noexcept { remove_console(socket_path); });
    const ConsoleSocket socket(socket_path);
    started.command.push_back("--console-socket=" + socket_path);
    run(started, spec);
    return {read_pid(pid_file), io_of_terminal(socket.take_master())};
}

StartedProcess CrunRuntime::create(const std::string& container_id,
                                   const std::string& spec_json,
                                   base::Deadline deadline) {
    json spec = parse_object(spec_json, "the container's specification");
    lower_version(spec);
    set_sysctls(take_guest_sysctls(spec));
    const std::filesystem::path bundle = bundle_of(container_id);
    base::make_directories(bundle, 0711);
    base::ScopeExit undo([&]() noexcept {
        try {
            remove(container_id);
        } catch (const std::exception&) {
            return;  // the first error is the one to report
        }
    });
    load_device_modules(spec);
    mount_dev(spec);
    shared_memory_.attach(container_id, spec);
    huge_pages_.reserve(container_id, take_huge_page_limits(spec));
    pod_volumes_.attach(spec);
    const base::UniqueFd config =
        base::open_file(bundle / "config.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    base::write_all(config.ref(), spec.dump(), "the container's config.json");
    StartedProcess process = start_process({"create the container",
                                            bundle / "init-",
                                            {"create", "--bundle=" + bundle.native()},
                                            container_id,
                                            spec.value("process", json::object()),
                                            deadline});
    undo.release();
    return process;
}

void CrunRuntime::start(const std::string& container_id) {
    run({"start the container", bundle_of(container_id) / "start-", {"start"}, container_id, {}},
        {});
}

StartedProcess CrunRuntime::exec(const std::string& container_id,
                                 unsigned number,
                                 const std::string& process_json) {
    const json process = parse_object(process_json, "the process");
    const std::filesystem::path files =
        bundle_of(container_id) / ("exec" + std::to_string(number) + "-");
    const std::string process_file = files.native() + "process.json";
    const base::ScopeExit remove_files([&]() noexcept {
        for (const char* name : {"process.json", "pid", "crun.log"}) {
            ::unlink((files.native() + name).c_str());
        }
    });
    const base::UniqueFd file = base::open_file(process_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    base::write_all(file.ref(), process.dump(), "the process's description");
    return start_process({"execute the process",
                          files,
                          {"exec", "--detach", "--process=" + process_file},
                          container_id,
                          process});
}

void CrunRuntime::remove(const std::string& container_id) {
    const std::filesystem::path bundle = bundle_of(container_id);
    std::error_code ignored;
    if (std::filesystem::exists(settings_.state / container_id, ignored)) {
        run({"remove the container", bundle / "remove-", {"delete", "--force"}, container_id, {}},
            {});
    }
    shared_memory_.detach(container_id);
    huge_pages_.release(container_id);
    base::remove_tree(bundle);
}

}  // namespace kata::agent::guest
