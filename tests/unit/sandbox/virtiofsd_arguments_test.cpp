#include "pkg/sandbox/virtiofsd_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(VirtiofsdArguments, OfKatasDefaultNeedNoServerOfOurs) {
    const auto parsed = parse_virtiofsd_arguments({"--thread-pool-size=1", "-f"});
    EXPECT_EQ(parsed.threads, 1U);
    EXPECT_THAT(parsed.others, IsEmpty());
    EXPECT_EQ(parse_virtiofsd_arguments({"--thread-pool-size", "4"}).threads, 4U);
}

TEST(VirtiofsdArguments, AreSpeltSoThatBothProgramsTakeThem) {
    EXPECT_THAT(
        parse_virtiofsd_arguments({"--announce-submounts", "--xattrmap=:map::user.x.:"}).others,
        ElementsAre("-o", "announce_submounts", "-o", "xattrmap=:map::user.x.:"));
    EXPECT_THAT(
        parse_virtiofsd_arguments({"-o", "writeback,no_flock", "-oposix_acl", "-o timeout=3"})
            .others,
        ElementsAre("-o", "writeback", "-o", "no_flock", "-o", "posix_acl", "-o", "timeout=3"));
    EXPECT_THAT(
        parse_virtiofsd_arguments({"-d", "--rlimit-nofile", "1024", "--inode-file-handles=never"})
            .others,
        ElementsAre("-d", "--rlimit-nofile=1024", "--inode-file-handles=never"));
}

class RefusedArguments : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(RefusedArguments, AreNamed) {
    test::expect_error([] { return parse_virtiofsd_arguments(GetParam()); },
                       base::ErrorCode::invalid_argument,
                       "virtio_fs_extra_args: \"");
}

INSTANTIATE_TEST_SUITE_P(Dangerous,
                         RefusedArguments,
                         testing::Values(std::vector<std::string>{"-o", "source=/"},
                                         std::vector<std::string>{"-osource=/"},
                                         std::vector<std::string>{"-o", "xattr,source=/"},
                                         std::vector<std::string>{"-o xattr,source=/"},
                                         std::vector<std::string>{"-o", "xattrmap=:a\\,source=/"},
                                         std::vector<std::string>{"-o", "timeout=1,,source=/"},
                                         std::vector<std::string>{"--shared-dir=/"},
                                         std::vector<std::string>{"--shared-dir", "/"},
                                         std::vector<std::string>{"--sandbox=none"},
                                         std::vector<std::string>{"-o", "sandbox=chroot"},
                                         std::vector<std::string>{"--socket-path=/tmp/s"},
                                         std::vector<std::string>{"--socket-group=kvm"},
                                         std::vector<std::string>{"--fd=4"},
                                         std::vector<std::string>{"--seccomp=none"},
                                         std::vector<std::string>{"--seccomp", "none"},
                                         std::vector<std::string>{"-o", "modcaps=+sys_admin"},
                                         std::vector<std::string>{"--modcaps=+sys_admin"},
                                         std::vector<std::string>{"--uid-map=:0:0:1:"},
                                         std::vector<std::string>{"--translate-uid=map:0:0:1"},
                                         std::vector<std::string>{"--daemonize"},
                                         std::vector<std::string>{"-o", "allow_root"}));

INSTANTIATE_TEST_SUITE_P(Malformed,
                         RefusedArguments,
                         testing::Values(std::vector<std::string>{""},
                                         std::vector<std::string>{"/usr/bin/other"},
                                         std::vector<std::string>{"-o"},
                                         std::vector<std::string>{"-o", ""},
                                         std::vector<std::string>{"--"},
                                         std::vector<std::string>{"--xattr=on"},
                                         std::vector<std::string>{"--thread-pool-size"},
                                         std::vector<std::string>{"--thread-pool-size=many"},
                                         std::vector<std::string>{"--thread-pool-size=100000"},
                                         std::vector<std::string>{"-o", "timeout=-1"},
                                         std::vector<std::string>{"-o", "timeout"},
                                         std::vector<std::string>{"--xattrmap=a b"}));

TEST(VirtiofsdArguments, OfTheCacheNameTheKeyForIt) {
    test::expect_error(
        [] {
            return parse_virtiofsd_arguments({"-o", "cache=always"});
        },
        base::ErrorCode::invalid_argument,
        "use virtio_fs_cache");
}

}  // namespace
}  // namespace kata::sandbox
