#include "pkg/sandbox/vm_share.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

const Share kShare("/share", "c1");

RuntimeConfig with_cache(const std::string& mode) {
    RuntimeConfig config;
    config.virtio_fs_cache = mode;
    return config;
}

RuntimeConfig with_protocol(SharedFs shared_fs) {
    RuntimeConfig config;
    config.shared_fs = shared_fs;
    return config;
}

TEST(VmShare, IsServedByTheHypervisorWhereItHasTheWords) {
    RuntimeConfig config = with_cache("always");
    config.virtio_fs_daemon = "/opt/virtiofsd";
    config.virtio_fs_queue_size = 512;
    config.virtio_fs_extra_args = {"--thread-pool-size=3"};
    EXPECT_FALSE(needs_own_server(config));
    const auto share = vm_share(config, kShare);
    ASSERT_TRUE(share);
    EXPECT_EQ(share->directory, "/share/c1/shared");
    EXPECT_EQ(share->tag, kShareTag);
    EXPECT_EQ(share->protocol, ShareProtocol::virtio_fs);
    EXPECT_EQ(share->server, "/opt/virtiofsd");
    EXPECT_EQ(share->cache, "always");
    EXPECT_EQ(share->queue_size, 512U);
    EXPECT_EQ(share->threads, 3U);
}

TEST(VmShare, LeavesAutoToTheServerWhichDoesItByItself) {
    EXPECT_FALSE(needs_own_server(with_cache("auto")));
    EXPECT_EQ(vm_share(with_cache("auto"), kShare)->cache, "");
    EXPECT_EQ(vm_share(with_cache("never"), kShare)->cache, "none");
    EXPECT_EQ(vm_share(with_cache("none"), kShare)->cache, "none");
}

TEST(VmShare, HasAServerOfOursForWhatLibvirtCannotSay) {
    EXPECT_TRUE(needs_own_server(with_cache("metadata")));
    EXPECT_TRUE(needs_own_server(with_protocol(SharedFs::virtio_9p)));
    RuntimeConfig config;
    config.virtio_fs_extra_args = {"-o", "writeback"};
    EXPECT_TRUE(needs_own_server(config));
    EXPECT_EQ(vm_share(config, kShare)->server, "");
}

TEST(VmShare, ThatIsNoneIsNoDevice) {
    EXPECT_FALSE(vm_share(with_protocol(SharedFs::none), kShare));
    EXPECT_FALSE(needs_own_server(with_protocol(SharedFs::none)));
}

TEST(ServerCommand, ConfinesVirtiofsdWhateverTheArguments) {
    RuntimeConfig config = with_cache("metadata");
    config.virtio_fs_daemon = "/opt/virtiofsd";
    config.virtio_fs_extra_args = {"--writeback", "--thread-pool-size=2"};
    EXPECT_THAT(server_command(config, kShare, "/s", {}),
                ElementsAre("/opt/virtiofsd",
                            "-o",
                            "xattr",
                            "-o",
                            "writeback",
                            "--thread-pool-size=2",
                            "-o",
                            "cache=metadata",
                            "-o",
                            "sandbox=namespace",
                            "-o",
                            "source=/share/c1/shared",
                            "--fd=3"));
}

TEST(ServerCommand, OfAProxyGivesItsSocketToQemusUser) {
    std::vector<std::string> command;
    try {
        command =
            server_command(with_protocol(SharedFs::virtio_9p), kShare, "/s", {64055, 107, {107}});
    } catch (const base::Error& error) {
        GTEST_SKIP() << error.what();
    }
    command.erase(command.begin());
    EXPECT_THAT(command,
                ElementsAre("--nodaemon",
                            "--path",
                            "/share/c1/shared",
                            "--socket",
                            "/s",
                            "--uid",
                            "64055",
                            "--gid",
                            "107"));
}

TEST(GuestStorages, MountWhatTheDeviceOffers) {
    EXPECT_EQ(guest_storages({}).front().fs_type, "virtiofs");
    RuntimeConfig config = with_protocol(SharedFs::virtio_9p);
    config.msize_9p = 262144;
    const auto storages = guest_storages(config);
    ASSERT_EQ(storages.size(), 1U);
    EXPECT_EQ(storages.front().fs_type, "9p");
    EXPECT_EQ(storages.front().source, kShareTag);
    EXPECT_THAT(storages.front().options,
                ElementsAre("trans=virtio", "version=9p2000.L", "cache=mmap", "msize=262144"));
    EXPECT_EQ(guest_storages(with_protocol(SharedFs::none)).front().fs_type, "tmpfs");
}

TEST(ComplaintAboutShare, NamesWhatIsWrong) {
    EXPECT_EQ(complaint_about_share({}), "");
    RuntimeConfig config;
    config.virtio_fs_queue_size = 100;
    EXPECT_THAT(complaint_about_share(config), testing::HasSubstr("virtio_fs_queue_size"));
    config.virtio_fs_queue_size = 0;
    EXPECT_EQ(complaint_about_share(config), "");
    config.virtio_fs_extra_args = {"--sandbox=none"};
    EXPECT_THAT(complaint_about_share(config), testing::HasSubstr("--sandbox=none"));
    config.virtio_fs_extra_args.clear();
    config.sandbox_bind_mounts = {"/srv/tools"};
    EXPECT_EQ(complaint_about_share(config), "");
    config.shared_fs = SharedFs::none;
    EXPECT_THAT(complaint_about_share(config), testing::HasSubstr("sandbox_bind_mounts"));
}

}  // namespace
}  // namespace kata::sandbox
