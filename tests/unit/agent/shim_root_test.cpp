// These build the tree for real, in a mount namespace of a child process.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include <gtest/gtest.h>

#include "pkg/agent/shim/container_root.h"
#include "pkg/base/error.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

class ContainerRootTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "mounting needs root";
        }
        std::string pattern = (fs::temp_directory_path() / "kata-shim-root-XXXXXX").native();
        dir_ = ::mkdtemp(pattern.data());
        fs::create_directories(rootfs());
    }
    void TearDown() override {
        if (!dir_.empty()) {
            fs::remove_all(dir_);
        }
    }

    [[nodiscard]] fs::path rootfs() const { return dir_ / "rootfs"; }
    [[nodiscard]] fs::path host(const std::string& name) const { return dir_ / name; }

    // Runs `check` in a child with a mount and pid namespace of its own. True if it returned true.
    static bool in_namespaces(const std::function<bool()>& check) {
        const pid_t child = ::fork();
        if (child == 0) {
            if (::unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) {
                ::_exit(2);
            }
            const pid_t inner = ::fork();
            if (inner == 0) {
                bool passed = false;
                try {
                    passed = check();
                } catch (const std::exception& error) {
                    std::cerr << "thrown: " << error.what() << '\n';
                }
                ::_exit(passed ? 0 : 1);
            }
            int status = 0;
            ::waitpid(inner, &status, 0);
            ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }

    fs::path dir_;
};

#define CHECK_CHILD(condition)                      \
    if (!(condition)) {                             \
        std::cerr << "failed: " #condition << '\n'; \
        return false;                               \
    }

TEST_F(ContainerRootTest, BecomesTheRootWithEveryMountInPlace) {
    write_file(rootfs() / "etc/os", "image");
    write_file(host("volume") / "data", "volume");
    write_file(host("hosts"), "hosts");
    const sandbox::ShimMountRequest request{rootfs(),
                                            {{"", "/proc", "proc", false},
                                             {"", "/dev", "tmpfs", false},
                                             {host("volume"), "/mnt/new/volume", "bind", true},
                                             {host("hosts"), "/etc/hosts", "bind", false}},
                                            true};
    EXPECT_TRUE(in_namespaces([&] {
        ContainerRoot root(request);
        root.enter();
        CHECK_CHILD(content_of("/etc/os") == "image");
        CHECK_CHILD(content_of("/etc/hosts") == "hosts");
        CHECK_CHILD(content_of("/mnt/new/volume/data") == "volume");
        CHECK_CHILD(fs::is_directory("/proc/1") && fs::read_symlink("/proc/self") == "1");
        CHECK_CHILD(::open("/mnt/new/volume/x", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
        CHECK_CHILD(::open("/x", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
        CHECK_CHILD(::open("/dev/x", O_CREAT | O_WRONLY, 0600) >= 0);
        CHECK_CHILD(fs::current_path() == "/");
        // Nothing of the host is left below the new root.
        CHECK_CHILD(!fs::exists(dir_));
        return true;
    }));
    EXPECT_FALSE(fs::exists(rootfs() / "dev/x"));
    EXPECT_TRUE(fs::exists(rootfs() / "mnt/new/volume"));
    EXPECT_FALSE(fs::exists(rootfs() / "mnt/new/volume/data")) << "a mount reached the host";
}

TEST_F(ContainerRootTest, IsEmptyAndReadOnlyInPlaceOfARootThatTheGuestHas) {
    write_file(host("hosts"), "hosts");
    sandbox::ShimMountRequest request{
        rootfs(), {{host("hosts"), "/etc/hosts", "bind", false}}, true};
    request.empty_root = true;
    EXPECT_TRUE(in_namespaces([&] {
        ContainerRoot root(request);
        root.enter();
        CHECK_CHILD(content_of("/etc/hosts") == "hosts");
        CHECK_CHILD(::open("/x", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
        return true;
    }));
    EXPECT_FALSE(fs::exists(rootfs() / "etc/hosts")) << "the host's directory was written to";
}

TEST_F(ContainerRootTest, KeepsADestinationInsideTheImage) {
    fs::create_directories(host("target"));
    write_file(host("volume") / "data", "volume");
    fs::create_symlink(host("target"), rootfs() / "link");
    const sandbox::ShimMountRequest request{
        rootfs(), {{host("volume"), "/../../link2/x", "bind", false}}, false};
    EXPECT_TRUE(in_namespaces([&] {
        ContainerRoot root(request);
        root.enter();
        CHECK_CHILD(content_of("/link2/x/data") == "volume");
        return true;
    }));
    const sandbox::ShimMountRequest through_link{
        rootfs(), {{host("volume"), "/link", "bind", false}}, false};
    in_namespaces([&] {
        const ContainerRoot root(through_link);
        return true;
    });
    EXPECT_TRUE(fs::is_empty(host("target")));
}

TEST_F(ContainerRootTest, RefusesASourceIntoWhosePathASymlinkHasBeenPut) {
    write_file(host("volume") / "data", "volume");
    fs::create_directory_symlink("volume", host("link"));
    for (const bool read_only : {false, true}) {
        const sandbox::ShimMountRequest request{
            rootfs(), {{host("link") / "data", "/etc/data", "bind", read_only}}, false};
        EXPECT_TRUE(in_namespaces([&] {
            try {
                const ContainerRoot root(request);
            } catch (const base::Error& error) {
                return error.code() == base::ErrorCode::invalid_state;
            }
            return false;
        }));
    }
    EXPECT_FALSE(fs::exists(rootfs() / "etc"));
}

TEST_F(ContainerRootTest, KeepsTheFlagsOfTheSourceWhenItMakesAMountReadOnly) {
    fs::create_directories(host("volume"));
    const sandbox::ShimMountRequest request{
        rootfs(), {{host("volume"), "/volume", "bind", true}}, false};
    EXPECT_TRUE(in_namespaces([&] {
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        CHECK_CHILD(::mount("tmpfs",
                            host("volume").c_str(),
                            "tmpfs",
                            MS_NOSUID | MS_NODEV | MS_NOEXEC,
                            nullptr) == 0);
        ContainerRoot root(request);
        root.enter();
        struct statvfs status {};
        CHECK_CHILD(::statvfs("/volume", &status) == 0);
        constexpr unsigned long kAll = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
        CHECK_CHILD((status.f_flag & kAll) == kAll);
        return true;
    }));
}

TEST_F(ContainerRootTest, NamesTheDestinationItCouldNotMount) {
    write_file(rootfs() / "etc", "a file where a directory is needed");
    const sandbox::ShimMountRequest request{rootfs(), {{"", "/etc/conf", "tmpfs", false}}, false};
    EXPECT_TRUE(in_namespaces([&] {
        try {
            const ContainerRoot root(request);
        } catch (const base::Error& error) {
            return std::string(error.what()).find("\"/etc/conf\"") != std::string::npos;
        }
        return false;
    }));
}

TEST_F(ContainerRootTest, RefusesAnUnknownType) {
    const sandbox::ShimMountRequest request{rootfs(), {{"x", "/x", "ext4", false}}, false};
    EXPECT_TRUE(in_namespaces([&] {
        try {
            const ContainerRoot root(request);
        } catch (const base::Error& error) {
            return error.code() == base::ErrorCode::invalid_argument;
        }
        return false;
    }));
}

TEST(KeptMountFlags, TranslatesEachFlag) {
    EXPECT_EQ(kept_mount_flags(0), 0UL);
    EXPECT_EQ(kept_mount_flags(ST_NOSUID | ST_NODEV | ST_NOEXEC),
              static_cast<unsigned long>(MS_NOSUID | MS_NODEV | MS_NOEXEC));
    EXPECT_EQ(kept_mount_flags(ST_RDONLY | ST_NOATIME | ST_NODIRATIME | ST_RELATIME),
              static_cast<unsigned long>(MS_RDONLY | MS_NOATIME | MS_NODIRATIME | MS_RELATIME));
}

}  // namespace
}  // namespace kata::agent
