#include "pkg/agent/shim/oom_notice.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "pkg/base/deadline.h"
#include "pkg/base/pipe.h"

namespace kata::agent {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHogBytes = std::size_t{256} << 20;
constexpr std::size_t kHogFirstBytes = std::size_t{4} << 20;  // freed at its end, whatever happens
constexpr std::size_t kPage = 4096;
constexpr milliseconds kPatience{500};
constexpr milliseconds kHogLife{800};
// Engines hear of the event and of our end on different ways; the first should arrive first.
constexpr milliseconds kHeadStart{100};
constexpr int kLimitAttempts = 20;

// The files of a cgroup by name. Nothing here throws or allocates much: memory is short.
class Files {
  public:
    explicit Files(base::FdRef directory) : directory_(directory) {}

    [[nodiscard]] bool has(const char* name) const {
        return ::faccessat(directory_.get(), name, F_OK, 0) == 0;
    }
    [[nodiscard]] std::string read(const char* name) const {
        const base::UniqueFd file(::openat(directory_.get(), name, O_RDONLY | O_CLOEXEC));
        std::array<char, 512> text{};
        const ssize_t count = file.valid() ? ::read(file.get(), text.data(), text.size()) : 0;
        return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
    }
    [[nodiscard]] bool write(const char* name, const std::string& value) const {
        const base::UniqueFd file(::openat(directory_.get(), name, O_WRONLY | O_CLOEXEC));
        return file.valid() && ::write(file.get(), value.data(), value.size()) ==
                                   static_cast<ssize_t>(value.size());
    }
    [[nodiscard]] std::uint64_t number(const char* name) const {
        const std::string text = read(name);
        std::uint64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }

  private:
    base::FdRef directory_;
};

// What the two versions of cgroups call things.
struct Version {
    const char* limit;
    const char* usage;
};
constexpr Version kV1{"memory.limit_in_bytes", "memory.usage_in_bytes"};
constexpr Version kV2{"memory.max", "memory.current"};
constexpr const char* kOomControl = "memory.oom_control";

void touch(char* memory, std::size_t from, std::size_t to) {
    for (std::size_t at = from; at < to; at += kPage) {
        static_cast<volatile char*>(memory)[at] = 1;
    }
}

// The child, after a fork of a process with threads: system calls only.
[[noreturn]] void run_hog(int ready, int go, int host_proc) {
    ::signal(SIGALRM, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const itimerval life{{0, 0}, {0, std::chrono::microseconds(kHogLife).count()}};
    ::setitimer(ITIMER_REAL, &life, nullptr);
    const int score = ::openat(host_proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score < 0 || ::write(score, "1000", 4) != 4) {
        ::_exit(1);
    }
    void* const memory = ::mmap(nullptr,
                                kHogBytes,
                                PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                -1,
                                0);
    if (memory == MAP_FAILED) {
        ::_exit(1);
    }
    char byte = 0;
    touch(static_cast<char*>(memory), 0, kHogFirstBytes);
    if (::write(ready, &byte, 1) != 1 || ::read(go, &byte, 1) != 1) {
        ::_exit(1);
    }
    touch(static_cast<char*>(memory), kHogFirstBytes, kHogBytes);
    ::_exit(0);
}

// A child that has its first memory and waits for a byte before it takes more. It ends with us, and
// in any case soon.
class Hog {
  public:
    explicit Hog(base::FdRef host_proc) : ready_(base::make_pipe()), go_(base::make_pipe()) {
        pid_ = ::_Fork();
        if (pid_ == 0) {
            run_hog(ready_.write_end.get(), go_.read_end.get(), host_proc.get());
        }
        ready_.write_end.reset();
        go_.read_end.reset();
    }
    Hog(const Hog&) = delete;
    Hog& operator=(const Hog&) = delete;
    Hog(Hog&&) = delete;
    Hog& operator=(Hog&&) = delete;
    ~Hog() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            await_end(kPatience);
        }
    }

    [[nodiscard]] bool is_ready() const {
        char byte = 0;
        return pid_ > 0 && ::read(ready_.read_end.get(), &byte, 1) == 1;
    }
    [[nodiscard]] bool take_more() const {
        const char byte = 0;
        return ::write(go_.write_end.get(), &byte, 1) == 1;
    }
    /// @return whether it was killed. Another thread of ours may be the one that reaps it.
    bool await_end(milliseconds patience) {
        const auto deadline = base::Deadline::after(patience);
        int status = 0;
        while (!deadline.passed()) {
            const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
            if (ended != 0) {
                pid_ = -1;
                return ended < 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            }
            std::this_thread::sleep_for(milliseconds(1));
        }
        return false;
    }

  private:
    base::Pipe ready_;
    base::Pipe go_;
    pid_t pid_ = -1;
};

// A limit below what is in use is refused, and usage moves while we look.
bool limit_to_usage(const Files& files, const Version& version) {
    for (int attempt = 0; attempt < kLimitAttempts; ++attempt) {
        const std::uint64_t limit =
            files.number(version.usage) + static_cast<std::uint64_t>(attempt) * 16 * kPage;
        if (files.write(version.limit, std::to_string(limit))) {
            return true;
        }
    }
    return false;
}

bool is_under_oom(const Files& files) {
    return files.read(kOomControl).find("under_oom 1") != std::string::npos;
}

bool await_refusal(const Files& files) {
    const auto deadline = base::Deadline::after(kPatience);
    while (!is_under_oom(files)) {
        if (deadline.passed()) {
            return false;
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
}

bool tell_on_v1(const Files& files, Hog& hog) {
    const std::string limit = files.read(kV1.limit);
    const bool was_disabled = files.read(kOomControl).starts_with("oom_kill_disable 1");
    if (!files.write(kOomControl, "1")) {
        return false;
    }
    bool told = false;
    if (limit_to_usage(files, kV1)) {
        told = hog.take_more() && await_refusal(files);
    }
    static_cast<void>(files.write(kV1.limit, limit));
    static_cast<void>(files.write(kOomControl, was_disabled ? "1" : "0"));
    return told;
}

bool tell_on_v2(const Files& files, Hog& hog) {
    if (files.number("memory.oom.group") != 0) {
        return false;  // all would be killed, QEMU among them
    }
    const std::string limit = files.read(kV2.limit);
    bool told = false;
    if (limit_to_usage(files, kV2)) {
        told = hog.take_more() && hog.await_end(kPatience);
    }
    static_cast<void>(files.write(kV2.limit, limit));
    return told;
}

}  // namespace

bool tell_out_of_memory(base::FdRef memory_cgroup, base::FdRef host_proc) noexcept {
    try {
        const Files files(memory_cgroup);
        // While memory is short none of our own pages may have to be read again.
        ::mlockall(MCL_CURRENT | MCL_ONFAULT);
        bool told = false;
        {
            Hog hog(host_proc);
            if (hog.is_ready()) {
                told = files.has(kOomControl) ? tell_on_v1(files, hog)
                       : files.has(kV2.limit) ? tell_on_v2(files, hog)
                                              : false;
            }
        }
        if (told) {
            std::this_thread::sleep_for(kHeadStart);
        }
        return told;
    } catch (const std::exception&) {
        return false;  // the container ends all the same
    }
}

}  // namespace kata::agent
