#include "pkg/sandbox/systemd_path.h"

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

std::optional<ScopeUnit> unit(const char* name, const char* slice) {
    return ScopeUnit{name, slice};
}

TEST(SystemdPath, MeansAScopeInASlice) {
    EXPECT_EQ(parse_systemd_path("machine.slice:libpod:abc"),
              unit("libpod-abc.scope", "machine.slice"));
    EXPECT_EQ(parse_systemd_path(":docker:abc"), unit("docker-abc.scope", "system.slice"));
    EXPECT_EQ(parse_systemd_path("a.slice::abc"), unit("abc.scope", "a.slice"));
}

TEST(SystemdPath, MeansASliceIfItsNameIsOne) {
    EXPECT_EQ(parse_systemd_path("a.slice::b.slice"), unit("b.slice", "a.slice"));
}

TEST(SystemdPath, HasThreePartsAndANameAndIsNoAbsolutePath) {
    for (const char* other :
         {"", "/a.slice:b:c", "docker/abc", "a.slice:b", "a.slice:b:", "a:b:c:d"}) {
        EXPECT_EQ(parse_systemd_path(other), std::nullopt) << other;
    }
}

TEST(CgroupOfAUnit, IsNestedByTheDashesOfItsSlice) {
    EXPECT_EQ(cgroup_of({"x.scope", "system.slice"}), "/system.slice/x.scope");
    EXPECT_EQ(cgroup_of({"x.scope", "a-b-c.slice"}), "/a.slice/a-b.slice/a-b-c.slice/x.scope");
    EXPECT_EQ(cgroup_of({"x.scope", "-.slice"}), "/x.scope");
}

TEST(NamesOfScopes, AreThoseThatSystemdTakes) {
    EXPECT_TRUE(is_scope_name("docker-1.scope"));
    EXPECT_TRUE(is_scope_name(R"(a:b_c.d-\x2b.scope)"));
    EXPECT_TRUE(is_scope_name(std::string(249, 'a') + ".scope"));
    EXPECT_FALSE(is_scope_name(std::string(250, 'a') + ".scope"));
    for (const char* name : {"",
                             ".scope",
                             "a",
                             "a.slice",
                             "a/b.scope",
                             "../a.scope",
                             "a b.scope",
                             "a@b.scope",
                             "a+b.scope",
                             "\xc3\xa4.scope",
                             "a\n.scope"}) {
        EXPECT_FALSE(is_scope_name(name)) << name;
    }
}

TEST(NamesOfSlices, HaveNoEmptyLevel) {
    for (const char* name : {"-.slice", "a.slice", "a-b.slice", R"(user-\x2d.slice)"}) {
        EXPECT_TRUE(is_slice_name(name)) << name;
    }
    for (const char* name : {".slice",
                             "a",
                             "-a.slice",
                             "a-.slice",
                             "a--b.slice",
                             "a/b.slice",
                             "a.scope",
                             "../a.slice"}) {
        EXPECT_FALSE(is_slice_name(name)) << name;
    }
}

TEST(NamesOfOurScopes, EscapeWhatIsOnlyInIds) {
    EXPECT_EQ(scope_name("kata_", "a.b-c_1"), "kata_a.b-c_1.scope");
    EXPECT_EQ(scope_name("kata-", "a+b"), R"(kata-a\x2bb.scope)");
    EXPECT_TRUE(is_scope_name(scope_name("kata-", "+/ \xff")));
}

}  // namespace
}  // namespace kata::sandbox
