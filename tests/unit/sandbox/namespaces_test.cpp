#include "pkg/sandbox/namespaces.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/pipe.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using test::failure_of;

// A process in ipc, uts and network namespaces of its own, as a kata-shim is.
class Neighbour {
  public:
    Neighbour() {
        base::Pipe ready = base::make_pipe();
        pid_ = ::fork();
        if (pid_ == 0) {
            const char result =
                ::unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) == 0 ? 'y' : 'n';
            if (::write(ready.write_end.get(), &result, 1) == 1) {
                ::pause();
            }
            ::_exit(0);
        }
        char result = 0;
        apart_ = ::read(ready.read_end.get(), &result, 1) == 1 && result == 'y';
    }
    Neighbour(const Neighbour&) = delete;
    Neighbour& operator=(const Neighbour&) = delete;
    Neighbour(Neighbour&&) = delete;
    Neighbour& operator=(Neighbour&&) = delete;
    ~Neighbour() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] bool apart() const { return apart_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::string path(const std::string& file) const {
        return "/proc/" + std::to_string(pid_) + "/ns/" + file;
    }

  private:
    pid_t pid_ = -1;
    bool apart_ = false;
};

class NamespacesTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!neighbour_.apart()) {
            GTEST_SKIP() << "making namespaces needs root";
        }
    }
    oci::Spec spec_with(const std::string& type, const std::string& path) {
        oci::Spec spec;
        spec.linux_.emplace();
        spec.linux_->namespaces.push_back({type, path});
        return spec;
    }
    Neighbour neighbour_;
    std::vector<PodMember> members_{{"dead", 0}, {"infra", neighbour_.pid()}};
};

TEST_F(NamespacesTest, ANewOneIsNobodys) {
    const auto resolved = resolve_namespaces(spec_with("ipc", ""), members_, false);
    EXPECT_TRUE(resolved.of_member.empty());
    EXPECT_TRUE(resolved.of_guest.empty());
}

TEST_F(NamespacesTest, FindsTheMemberWhoseNamespaceAPathIs) {
    for (const std::string type : {"ipc", "uts"}) {
        const auto resolved =
            resolve_namespaces(spec_with(type, neighbour_.path(type)), members_, true);
        EXPECT_EQ(resolved.of_member, (std::map<std::string, std::string>{{type, "infra"}}));
        EXPECT_TRUE(resolved.of_guest.empty());
    }
}

TEST_F(NamespacesTest, TakesTheHostsForTheGuests) {
    for (const std::string type : {"ipc", "uts", "pid"}) {
        const auto resolved =
            resolve_namespaces(spec_with(type, "/proc/self/ns/" + type), members_, true);
        EXPECT_TRUE(resolved.of_member.empty());
        EXPECT_EQ(resolved.of_guest, std::set<std::string>{type});
    }
}

TEST_F(NamespacesTest, RefusesThatOfAnotherVmAndSaysWhatToUse) {
    const auto error = failure_of(
        [&] { return resolve_namespaces(spec_with("ipc", neighbour_.path("ipc")), {}, false); });
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("pod"));
    EXPECT_THAT(error.what(), testing::HasSubstr("--ipc"));
}

TEST_F(NamespacesTest, NamesAPathThatIsNotThere) {
    const auto error =
        failure_of([&] { return resolve_namespaces(spec_with("uts", "/no/such"), {}, false); });
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_THAT(error.what(), testing::HasSubstr("/no/such"));
}

TEST_F(NamespacesTest, RefusesAMountNamespaceOfSomebodyElse) {
    const auto error = failure_of(
        [&] { return resolve_namespaces(spec_with("mount", "/proc/self/ns/mnt"), {}, false); });
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
}

TEST_F(NamespacesTest, AMemberHasTheNetworkOfThePodOnly) {
    EXPECT_NO_THROW(static_cast<void>(
        resolve_namespaces(spec_with("network", neighbour_.path("net")), members_, true)));
    for (const std::string path : {"", "/proc/self/ns/net"}) {
        const auto error = failure_of(
            [&] { return resolve_namespaces(spec_with("network", path), members_, true); });
        EXPECT_EQ(error.code(), base::ErrorCode::unsupported) << path;
    }
    // A VM of its own may have any; and with nobody alive nobody can tell.
    EXPECT_NO_THROW(
        static_cast<void>(resolve_namespaces(spec_with("network", ""), members_, false)));
    EXPECT_NO_THROW(
        static_cast<void>(resolve_namespaces(spec_with("network", ""), {{"dead", 0}}, true)));
}

}  // namespace
}  // namespace kata::sandbox
