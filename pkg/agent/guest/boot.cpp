#include "pkg/agent/guest/boot.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/virtio_modules.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

constexpr const char* kNewRoot = "/.root";
constexpr const char* kModuleList = "/etc/kata-agent/modules";
constexpr const char* kVirtioModuleList = "/etc/kata-agent/virtio-modules";
constexpr const char* kVirtioDevices = "/sys/bus/virtio/devices";
constexpr const char* kCgroupRoot = "/sys/fs/cgroup";
constexpr const char* kHostname = "kata";
constexpr rlim_t kMaxFiles = 1 << 20;

struct Mount {
    const char* source;
    const char* target;
    const char* type;
    unsigned long flags;
    const char* data;
    bool vital;
};

constexpr unsigned long kNoPrograms = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr std::array kMounts{
    Mount{"proc", "/proc", "proc", kNoPrograms, nullptr, true},
    Mount{"sysfs", "/sys", "sysfs", kNoPrograms, nullptr, true},
    Mount{"devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755", true},
    Mount{"devpts",
          "/dev/pts",
          "devpts",
          MS_NOSUID | MS_NOEXEC,
          "gid=5,mode=620,ptmxmode=666",
          false},
    Mount{"tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", false},
    Mount{"mqueue", "/dev/mqueue", "mqueue", kNoPrograms, nullptr, false},
    Mount{"tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755", true},
    Mount{"tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", false},
    Mount{"cgroup2", kCgroupRoot, "cgroup2", kNoPrograms, "nsdelegate", true},
};

bool root_is_initramfs() {
    struct statfs facts {};
    if (::statfs("/", &facts) != 0) {
        throw base::errno_error("look at", "/", errno);
    }
    return facts.f_type == RAMFS_MAGIC || facts.f_type == TMPFS_MAGIC;
}

// pivot_root(2), which crun uses, refuses the initramfs: the root must be a mount with a parent, as
// that of an image is.
void make_root_pivotable() {
    if (!root_is_initramfs()) {
        return;
    }
    ::mkdir(kNewRoot, 0755);
    if (::mount("/", kNewRoot, nullptr, MS_BIND, nullptr) != 0 || ::chdir(kNewRoot) != 0 ||
        ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
        ::chdir("/") != 0) {
        throw base::errno_error("move", "the root file system", errno);
    }
}

void mount_one(const Mount& mount) {
    ::mkdir(mount.target, 0755);
    if (::mount(mount.source, mount.target, mount.type, mount.flags, mount.data) == 0 ||
        errno == EBUSY) {
        return;
    }
    const int failure = errno;
    if (mount.vital) {
        throw base::errno_error("mount", mount.target, failure);
    }
    log_error(base::errno_error("mount", mount.target, failure).what());
}

// Runs `step`; its failure is worth a line, not the VM.
template <typename Step>
void attempt(Step step) {
    try {
        step();
    } catch (const std::exception& error) {
        log_error(error.what());
    }
}

void link_standard_names() {
    struct Link {
        const char* target;
        const char* name;
    };
    constexpr std::array kLinks{Link{"/proc/self/fd", "/dev/fd"},
                                Link{"/proc/self/fd/0", "/dev/stdin"},
                                Link{"/proc/self/fd/1", "/dev/stdout"},
                                Link{"/proc/self/fd/2", "/dev/stderr"},
                                Link{"pts/ptmx", "/dev/ptmx"}};
    ::unlink("/dev/ptmx");
    for (const Link& link : kLinks) {
        if (::symlink(link.target, link.name) != 0 && errno != EEXIST) {
            log_error(base::errno_error("create", link.name, errno).what());
        }
    }
}

void take_console() {
    const base::UniqueFd console = base::open_file("/dev/console", O_RDWR | O_NOCTTY);
    for (int fd = 0; fd < 3; ++fd) {
        ::dup2(console.get(), fd);
    }
}

void enable_controllers() {
    const std::string root = kCgroupRoot;
    std::istringstream controllers(base::try_read_file(root + "/cgroup.controllers").value_or(""));
    std::string controller;
    while (controllers >> controller) {
        attempt(
            [&] { base::write_existing_file(root + "/cgroup.subtree_control", "+" + controller); });
    }
}

// The kernel patches its scheduler when the first group gets a CPU limit, and again when the last
// one loses it. An emulated CPU that runs the code while another patches it may go on with the old
// translation for ever (seen with QEMU 7.2: the VM stands still). Here a limited group without
// processes keeps the code as it is, patched while there is still one CPU.
void patch_scheduler_once() {
    const std::string group = std::string(kCgroupRoot) + "/kata-agent-cpu-limit";
    if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) {
        throw base::errno_error("create cgroup", group, errno);
    }
    base::write_existing_file(group + "/cpu.max", "100000 100000");
}

void load_modules() {
    try_modules(parse_module_list(base::try_read_file(kModuleList).value_or("")));
    try_modules(
        virtio_modules(base::try_read_file(kVirtioModuleList).value_or(""), kVirtioDevices));
}

void raise_limits() {
    base::write_existing_file("/proc/sys/fs/nr_open", std::to_string(kMaxFiles));
    const rlimit files{kMaxFiles, kMaxFiles};
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0 || ::setrlimit(RLIMIT_NPROC, &unlimited) != 0 ||
        ::setrlimit(RLIMIT_CORE, &unlimited) != 0) {
        throw base::errno_error("raise", "resource limits", errno);
    }
}

void bring_loopback_up() {
    const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    if (!socket.valid() || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
        throw base::errno_error("find", "the loopback interface", errno);
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
        throw base::errno_error("bring up", "the loopback interface", errno);
    }
}

void set_hostname() {
    if (::sethostname(kHostname, std::strlen(kHostname)) != 0) {
        throw base::errno_error("set", "the host name", errno);
    }
}

}  // namespace

void load_module(const std::string& path) {
    const base::UniqueFd file = base::open_file(path, O_RDONLY);
    if (::syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST) {
        throw base::errno_error("load module", path, errno);
    }
}

void try_modules(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        attempt([&] { load_module(path); });
    }
}

std::vector<std::string> parse_module_list(const std::string& text) {
    std::vector<std::string> paths;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string path;
        if (words >> path) {
            paths.push_back(path);
        }
    }
    return paths;
}

void boot() {
    ::umask(0);
    make_root_pivotable();
    for (const Mount& mount : kMounts) {
        mount_one(mount);
    }
    ::umask(0022);
    attempt(take_console);
    link_standard_names();
    enable_controllers();
    attempt(patch_scheduler_once);
    load_modules();
    attempt(raise_limits);
    attempt(set_hostname);
    attempt(bring_loopback_up);
}

void power_off() {
    ::sync();
    ::reboot(RB_POWER_OFF);
    ::_exit(1);  // of pid 1: the kernel panics and ends the VM
}

}  // namespace kata::agent::guest
