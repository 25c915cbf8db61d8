// Connecting a tap to an interface, in network namespaces of the test's own.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/netlink/links.h"
#include "pkg/base/netlink/rate_limit.h"
#include "pkg/base/netlink/traffic.h"
#include "pkg/sandbox/network/connection.h"
#include "pkg/sandbox/sandbox_network.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using netlink::Socket;

constexpr const char* kInterface = "eth0";
constexpr const char* kTap = "kt01234567890";
constexpr RateLimits kLimits{.received = 8'000'000, .sent = 4'000'000};

/// In the namespace of the calling thread; it ends with the descriptor.
base::UniqueFd make_tap(const std::string& name) {
    base::UniqueFd fd = base::open_file("/dev/net/tun", O_RDWR);
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    std::ranges::copy(name, request.ifr_name);
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
        throw base::errno_error("make the tap", name, errno);
    }
    return fd;
}

base::UniqueFd enter_new_namespace() {
    if (::unshare(CLONE_NEWNET) != 0) {
        throw base::errno_error("make", "a network namespace", errno);
    }
    return base::open_file("/proc/thread-self/ns/net", O_RDONLY);
}

// A container's namespace with an interface, and libvirt's with a tap. The calling thread stays in
// the latter.
class TwoNamespaces {
  public:
    TwoNamespaces()
        : container_(enter_new_namespace()),
          interface_(make_tap(kInterface)),
          libvirt_(enter_new_namespace()),
          tap_(make_tap(kTap)) {
        endpoint.interface = kInterface;
        endpoint.tap = kTap;
    }
    [[nodiscard]] NetworkNamespaces both() const { return {container_.ref(), libvirt_.ref()}; }
    [[nodiscard]] int link(const char* name) const {
        Socket socket(container_.ref());
        const auto found = netlink::find_link(socket, name);
        return found ? found->index : 0;
    }
    [[nodiscard]] std::uint64_t limit_of(const char* name) const {
        Socket socket(container_.ref());
        return netlink::limit_of_what_leaves(socket, link(name));
    }
    [[nodiscard]] int target_of(const char* name) const {
        Socket socket(container_.ref());
        return netlink::ingress_of(socket, link(name)).target;
    }
    NetworkEndpoint endpoint;

  private:
    base::UniqueFd container_;
    base::UniqueFd interface_;
    base::UniqueFd libvirt_;
    base::UniqueFd tap_;
};

void in_new_namespaces(const std::function<void(const TwoNamespaces&)>& work) {
    std::exception_ptr failure;
    std::thread([&] {
        try {
            work(TwoNamespaces());
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

TEST(JoinTap, SendsWhatArrivesAtEitherEndOutOfTheOther) {
    in_new_namespaces([](const TwoNamespaces& host) {
        join_tap(host.both(), host.endpoint, {});
        EXPECT_EQ(host.target_of(kInterface), host.link(kTap));
        EXPECT_EQ(host.target_of(kTap), host.link(kInterface));
        EXPECT_EQ(host.limit_of(kInterface), 0U);
        EXPECT_EQ(host.limit_of(kTap), 0U);
    });
}

TEST(JoinTap, LimitsWhatTheGuestReceivesAtTheTapAndWhatItSendsAtTheInterface) {
    in_new_namespaces([](const TwoNamespaces& host) {
        join_tap(host.both(), host.endpoint, kLimits);
        EXPECT_EQ(host.limit_of(kTap), kLimits.received);
        EXPECT_EQ(host.limit_of(kInterface), kLimits.sent);
    });
}

TEST(ReleaseInterface, TakesTheRedirectionAndTheLimitAway) {
    in_new_namespaces([](const TwoNamespaces& host) {
        join_tap(host.both(), host.endpoint, kLimits);
        release_interface(host.both().container, host.endpoint);
        release_interface(host.both().container, host.endpoint);
        EXPECT_EQ(host.target_of(kInterface), 0);
        EXPECT_EQ(host.limit_of(kInterface), 0U);
    });
}

TEST(ReleaseInterface, LeavesAnotherVmsAlone) {
    in_new_namespaces([](const TwoNamespaces& host) {
        join_tap(host.both(), host.endpoint, kLimits);
        NetworkEndpoint other = host.endpoint;
        other.tap = "kt0987654321";
        release_interface(host.both().container, other);
        EXPECT_EQ(host.limit_of(kInterface), kLimits.sent);
        EXPECT_EQ(host.target_of(kInterface), host.link(kTap));
    });
}

VmNic nic_by(const RuntimeConfig& config) {
    test::TemporaryDirectory directory;
    base::NullLog log;
    Journal journal(directory / "journal", "container");
    NetworkRecord record;
    record.endpoints.emplace_back();
    return SandboxNetwork({config, log, journal, {}, "", "uuid"}, record).nics().at(0);
}

TEST(SandboxNics, HaveTheQueuesAndTheVhostOfTheConfiguration) {
    RuntimeConfig config;
    config.default_vcpus = 3;
    EXPECT_EQ(nic_by(config).queues, 3U);
    EXPECT_TRUE(nic_by(config).vhost);
    config.network_queues = 2;
    config.disable_vhost_net = true;
    EXPECT_EQ(nic_by(config).queues, 2U);
    EXPECT_FALSE(nic_by(config).vhost);
}

}  // namespace
}  // namespace kata::sandbox
