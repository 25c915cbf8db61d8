#include "pkg/sandbox/volumes/volume_path.h"

#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

TEST(VolumePath, IsEncodedAsTheReferenceDoes) {
    EXPECT_EQ(encoded_volume_path("a/b/c"), "YS9iL2M=");
    EXPECT_EQ(encoded_volume_path("/kubelet/kata-test-vol-001/volume001"),
              "L2t1YmVsZXQva2F0YS10ZXN0LXZvbC0wMDEvdm9sdW1lMDAx");
    EXPECT_EQ(encoded_volume_path("/a"), "L2E=");
    EXPECT_EQ(encoded_volume_path("/"), "Lw==");
    // The digits in which base64url differs.
    EXPECT_EQ(encoded_volume_path("/\xff\xbe"), "L_--");
}

TEST(VolumePath, IsFoundInItsName) {
    for (const std::string path : {"/", "/a", "/ab", "/abc", "a/b/c", "/\xff\xbe \xc3\xa4"}) {
        EXPECT_EQ(volume_path_of(encoded_volume_path(path)), path);
    }
}

TEST(VolumePath, IsNotFoundInOtherNames) {
    for (const char* name : {"",
                             ".",
                             "..",
                             ".lock",
                             "L2E",
                             "L2E==",
                             "L2F=x",
                             "L2E=\n",
                             "L2 E=",
                             "L2F=",
                             "=",
                             "====",
                             "A",
                             "mountInfo.json"}) {
        // "L2F=" has bits behind the last byte that no encoder sets.
        EXPECT_EQ(volume_path_of(name), std::nullopt) << name;
    }
}

TEST(VolumePath, IsRefusedIfItCannotBeOne) {
    using base::ErrorCode;
    const auto refuse = [](const std::string& path, const char* words) {
        EXPECT_FALSE(can_be_volume_path(path)) << path;
        test::expect_error(
            [&] {
                require_volume_path(path);
                return 0;
            },
            ErrorCode::invalid_argument,
            words);
    };
    refuse("", "is empty");
    refuse("relative/path", "is not absolute");
    refuse("../../etc", "is not absolute");
    refuse("/a/../../etc", "\"..\"");
    refuse("/..", "\"..\"");
    refuse("/a/..", "\"..\"");
    refuse("/a\nb", "control characters");
    refuse(std::string("/a\0b", 4), "control characters");
    refuse("/\x7f", "control characters");
    refuse("/" + std::string(189, 'a'), "longer than 189 bytes");
}

TEST(VolumePath, OfTheGreatestLengthFitsADirectoryName) {
    const std::string path = "/" + std::string(188, 'a');
    EXPECT_TRUE(can_be_volume_path(path));
    EXPECT_LE(encoded_volume_path(path).size(), 255U);
    EXPECT_TRUE(can_be_volume_path("/a..b/...c/."));
}

}  // namespace
}  // namespace kata::sandbox
