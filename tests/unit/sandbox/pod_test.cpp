#include "pkg/sandbox/pod.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using Kind = Effect::Kind;

const std::vector<Effect> kJournal{{Kind::directory, "/share", ""},
                                   {Kind::mount, "/share/mounts/infra", "infra"},
                                   {Kind::cgroup, "/cgroup/infra", "infra"},
                                   {Kind::vm, "uuid", ""},
                                   {Kind::mount, "/share/mounts/m1", "m1"},
                                   {Kind::cgroup, "/cgroup/m1", "m1"}};

TEST(DivideEffects, GivesAMemberItsOwnAndLeavesTheRestInOrder) {
    const EffectShares shares = divide_effects(kJournal, "m1", false);
    EXPECT_EQ(shares.own, (std::vector<Effect>{kJournal[4], kJournal[5]}));
    EXPECT_EQ(shares.others,
              (std::vector<Effect>{kJournal[0], kJournal[1], kJournal[2], kJournal[3]}));
}

TEST(DivideEffects, LeavesTheSandboxTheCgroupInWhichQemuIs) {
    const EffectShares shares = divide_effects(kJournal, "infra", true);
    EXPECT_EQ(shares.own, std::vector<Effect>{kJournal[1]});
    ASSERT_EQ(shares.others.size(), 5U);
    EXPECT_EQ(shares.others[1], (Effect{Kind::cgroup, "/cgroup/infra", ""}));
    EXPECT_EQ(shares.others[2].kind, Kind::vm);  // undone before it
}

TEST(DivideEffects, LeavesTheSandboxTheScopeInWhichQemuIs) {
    const std::vector<Effect> journal{{Kind::scope, "docker-infra.scope", "infra"},
                                      {Kind::scope, "docker-m1.scope", "m1"}};
    EXPECT_TRUE(divide_effects(journal, "infra", true).own.empty());
    EXPECT_EQ(divide_effects(journal, "infra", true).others[0],
              (Effect{Kind::scope, "docker-infra.scope", ""}));
    EXPECT_EQ(divide_effects(journal, "m1", false).own, std::vector<Effect>{journal[1]});
}

TEST(DivideEffects, LeavesADiskToAnotherContainerThatUsesIt) {
    const std::string disk =
        R"({"vm":"u","serial":"kata1","path":"/d","block":true,"readOnly":false})";
    const std::vector<Effect> journal{{Kind::disk, disk, "m1"}};
    EXPECT_EQ(divide_effects(journal, "m1", false, {{"kata2", "m2"}}).own, journal);
    const EffectShares shares = divide_effects(journal, "m1", false, {{"kata1", "m2"}});
    EXPECT_TRUE(shares.own.empty());
    EXPECT_EQ(shares.others, (std::vector<Effect>{{Kind::disk, disk, "m2"}}));
}

class PodTest : public ::testing::Test {
  protected:
    PodTest() { base::make_directories(place_.container_dir); }
    void add(const std::string& id, base::ProcessId shim) {
        ContainerPlace other = place_;
        other.container_dir = place_.sandbox_dir / "containers" / id;
        base::make_directories(other.container_dir);
        ContainerRecord record;
        record.id = id;
        record.shim = shim;
        StateStore::save_container(other, record);
    }

    test::TemporaryDirectory directory_;
    ContainerPlace place_{oci::ContainerId("me"),
                          "sandbox",
                          directory_.path(),
                          directory_.path() / "containers" / "me"};
};

TEST_F(PodTest, AContainerAloneHasNoNeighbours) {
    EXPECT_FALSE(has_neighbours(place_));
    EXPECT_TRUE(pod_members(place_).empty());
}

TEST_F(PodTest, FindsTheOthersAndWhoseShimLives) {
    add("alive", base::find_process(::getpid()).value());
    add("dead", {1, 1});
    EXPECT_TRUE(has_neighbours(place_));
    const auto members = pod_members(place_);
    ASSERT_EQ(members.size(), 2U);
    for (const PodMember& member : members) {
        EXPECT_EQ(member.shim, member.id == "alive" ? ::getpid() : 0) << member.id;
    }
}

TEST_F(PodTest, OneThatIsOnlyBeingCreatedIsANeighbourWithNothingToShare) {
    base::make_directories(place_.sandbox_dir / "containers" / "new");
    EXPECT_TRUE(has_neighbours(place_));
    EXPECT_TRUE(pod_members(place_).empty());
}

}  // namespace
}  // namespace kata::sandbox
