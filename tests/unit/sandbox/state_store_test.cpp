#include "pkg/sandbox/state_store.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using test::expect_error;
using test::failure_of;

base::Deadline soon() {
    return base::Deadline::after(std::chrono::seconds(20));
}

class StateStoreTest : public ::testing::Test {
  protected:
    StateStore store(const char* root = "root") {
        return {directory_.path() / root, directory_.path() / "sbs"};
    }
    Reservation reserve(const char* id, const char* root = "root") {
        return store(root).reserve(oci::ContainerId(id), std::nullopt, soon());
    }

    test::TemporaryDirectory directory_;
};

TEST_F(StateStoreTest, FindsNothingInARootThatDoesNotExist) {
    EXPECT_FALSE(store().find(oci::ContainerId("c1")));
    EXPECT_TRUE(store().ids().empty());
    expect_error([&] { return store().get(oci::ContainerId("c1")); },
                 base::ErrorCode::not_found,
                 "does not exist");
}

TEST_F(StateStoreTest, RefusesAnIdInUse) {
    const Reservation first = reserve("c1");
    EXPECT_EQ(failure_of([&] { return reserve("c1"); }).code(), base::ErrorCode::already_exists);
}

TEST_F(StateStoreTest, LetsExactlyOneOfManyHaveAnId) {
    std::atomic<int> winners{0};
    std::atomic<int> losers{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 10; ++i) {
        threads.emplace_back([&] {
            try {
                const Reservation mine = reserve("c1");
                ++winners;
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            } catch (const base::Error& error) {
                losers += error.code() == base::ErrorCode::already_exists ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(losers, 9);
}

TEST_F(StateStoreTest, KeepsRootsApart) {
    const Reservation one = reserve("c1", "one");
    const Reservation two = reserve("c1", "two");
    EXPECT_EQ(one.place.sandbox_id, "c1");
    EXPECT_NE(two.place.sandbox_id, "c1");
    EXPECT_EQ(store("two").get(oci::ContainerId("c1")).sandbox_id, two.place.sandbox_id);
}

TEST_F(StateStoreTest, ShortensALongIdSoThatPortSocketsFit) {
    const std::string id(255, 'x');
    const Reservation reservation = reserve(id.c_str());
    EXPECT_LE(reservation.place.sandbox_id.size(), 72U);
    EXPECT_EQ(store().get(oci::ContainerId(id)).sandbox_id, reservation.place.sandbox_id);
}

TEST_F(StateStoreTest, TakesOverAnEntryThatLeadsNowhere) {
    base::make_directories(directory_.path() / "root");
    ASSERT_EQ(::symlink((directory_.path() / "sbs/c1/containers/c1").c_str(),
                        (directory_.path() / "root/c1").c_str()),
              0);
    EXPECT_FALSE(store().find(oci::ContainerId("c1")));
    EXPECT_NO_THROW(static_cast<void>(reserve("c1")));
}

TEST_F(StateStoreTest, IgnoresAnEntryThatPointsOutOfTheState) {
    base::make_directories(directory_.path() / "root");
    base::make_directories(directory_.path() / "elsewhere/c1/containers/c1");
    ASSERT_EQ(::symlink((directory_.path() / "elsewhere/c1/containers/c1").c_str(),
                        (directory_.path() / "root/c1").c_str()),
              0);
    EXPECT_FALSE(store().find(oci::ContainerId("c1")));
}

TEST_F(StateStoreTest, FindsFromAnyRootAContainerWhoseOwnRootWasRemoved) {
    const Reservation mine = reserve("c1");
    ContainerRecord record;
    record.id = "c1";
    record.root = mine.place.root.native();
    StateStore::save_container(mine.place, record);
    EXPECT_FALSE(store("other").find_lost(oci::ContainerId("c1"))) << "its root knows it";
    std::filesystem::remove_all(directory_.path() / "root");
    const auto lost = store("other").find_lost(oci::ContainerId("c1"));
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->sandbox_id, "c1");
    EXPECT_FALSE(store("other").find_lost(oci::ContainerId("c2")));
}

TEST_F(StateStoreTest, ForgetsAContainerAndLeavesItsPod) {
    auto first = reserve("pod");
    { const base::FileLock released = std::move(first.lock); }
    const Reservation second = store().reserve(oci::ContainerId("member"), first.place, soon());
    EXPECT_EQ(second.place.sandbox_id, "pod");
    store().forget(second.place, false);
    EXPECT_FALSE(store().find(oci::ContainerId("member")));
    EXPECT_TRUE(store().find(oci::ContainerId("pod")));
    store().forget(first.place, true);
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "sbs"));
}

TEST_F(StateStoreTest, LocksOnlyWhatStillExists) {
    auto reservation = reserve("c1");
    { const base::FileLock released = std::move(reservation.lock); }
    { const base::FileLock lock = store().lock(reservation.place, soon()); }
    store().forget(reservation.place, true);
    EXPECT_EQ(failure_of([&] { return store().lock(reservation.place, soon()); }).code(),
              base::ErrorCode::not_found);
}

TEST_F(StateStoreTest, ListsIdsSortedWithoutStrangers) {
    const Reservation b = reserve("b");
    const Reservation a = reserve("a");
    base::make_directories(directory_.path() / "root/not-ours");
    const std::vector<oci::ContainerId> expected{oci::ContainerId("a"), oci::ContainerId("b")};
    EXPECT_EQ(store().ids(), expected);
}

}  // namespace
}  // namespace kata::sandbox
