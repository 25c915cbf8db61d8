// Hardware of the host on its way to a VM: what a container gets, by which configuration, who may
// open it, and that all of it is taken back.
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/access_list.h"
#include "pkg/sandbox/devices.h"
#include "pkg/sandbox/pod.h"
#include "pkg/sandbox/sandbox_vfio.h"
#include "pkg/sandbox/undo.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/sandbox/vfio_host.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::character_node;
using test::expect_error;
using test::give_node;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";
constexpr uid_t kQemu = 64055;
const VfioPlug kCold{PciPort::root, true, "cold_plug_vfio"};

class VfioTest : public testing::Test {
  protected:
    void SetUp() override {
        backend_.fake.users = {{"", {kQemu, 107, {107}}}};
        for (const char* group : {"12", "30"}) {
            ASSERT_EQ(::chmod((host_ / "dev/vfio" / group).c_str(), 0600), 0);
        }
    }
    VfioPlan plan(const VfioPlug& plug = kCold) {
        return plan_vfio(spec_, volumes_, plug, host_.view());
    }
    void give_card(const std::string& access = "rwm") {
        give_node(spec_, character_node("/dev/vfio/12", 243, 12), access);
        give_node(spec_, character_node("/dev/vfio/vfio", 10, 196), "rwm");
    }
    [[nodiscard]] std::vector<Effect> effects() {
        return Journal::load(directory_ / "journal", log_);
    }
    [[nodiscard]] DiskContext context() {
        return {config_,
                backend_,
                log_,
                place_,
                journal_,
                sandbox_journal_,
                [this](const auto& volume) { claimed_.push_back(volume); }};
    }
    [[nodiscard]] UndoContext undoing(bool vm_goes_on) {
        return {backend_,
                log_,
                tombstones_,
                base::Deadline::after(std::chrono::seconds(1)),
                true,
                vm_goes_on};
    }
    [[nodiscard]] bool qemu_is_listed(const char* group) {
        return base::is_listed(host_ / "dev/vfio" / group, kQemu);
    }

    test::VfioHost host_;
    test::TemporaryDirectory directory_;
    oci::Spec spec_;
    std::vector<HardwareVolume> volumes_;
    std::vector<std::string> claimed_;
    RuntimeConfig config_;
    test::FakeBackend backend_;
    base::NullLog log_;
    ContainerPlace place_{oci::ContainerId("c"), "sb", directory_.path(), directory_ / "c"};
    Journal journal_{directory_ / "journal", "c"};
    Journal sandbox_journal_{directory_ / "journal", ""};
    Tombstones tombstones_{directory_ / "tombstones"};
};

TEST_F(VfioTest, GivesTheWholeGroupOfANode) {
    give_card("rw");
    const VfioPlan made = plan();
    ASSERT_EQ(made.groups.size(), 1U);
    EXPECT_EQ(made.groups[0].name, "vfio-12");
    EXPECT_EQ(made.groups[0].node, host_ / "dev/vfio/12");
    EXPECT_THAT(
        made.groups[0].devices,
        ElementsAre(VmHostDevice{"vfio-0000-45-00-0", "0000:45:00.0", false, PciPort::root},
                    VmHostDevice{"vfio-0000-45-00-1", "0000:45:00.1", false, PciPort::root}));
    EXPECT_THAT(made.guest,
                ElementsAre(GuestHostDevice{"vfio-0000-45-00-0", "", "vfio-12", "rw"},
                            GuestHostDevice{"vfio-0000-45-00-1", "", "vfio-12", "rw"}));
    EXPECT_THAT(warnings_of_devices(spec_, {}, made.nodes), IsEmpty());
}

TEST_F(VfioTest, GivesAGroupOnceThatHasTwoNodes) {
    give_card();
    give_node(spec_, character_node("/dev/again", 243, 12), "rwm");
    EXPECT_EQ(plan().groups.size(), 1U);
    EXPECT_EQ(plan().guest.size(), 2U);
}

TEST_F(VfioTest, GivesMediatedDevices) {
    give_node(spec_, character_node("/dev/vfio/30", 243, 30), "rwm");
    const VfioPlan made = plan({PciPort::of_switch, true, ""});
    ASSERT_EQ(made.groups.size(), 1U);
    EXPECT_THAT(made.groups[0].devices,
                ElementsAre(VmHostDevice{"vfio-c2177883-f1bb-47f0-914d-32a22e3a8804",
                                         "c2177883-f1bb-47f0-914d-32a22e3a8804",
                                         true,
                                         PciPort::of_switch}));
}

TEST_F(VfioTest, GivesNothingToAPrivilegedContainerThatHasNotAskedForIt) {
    spec_.linux_.emplace();
    spec_.linux_->devices = {character_node("/dev/vfio/12", 243, 12)};
    oci::DeviceRule all;
    all.allow = true;
    all.access = "rwm";
    spec_.linux_->resources.devices = {all};
    EXPECT_THAT(plan().groups, IsEmpty());
    EXPECT_THAT(plan().nodes, IsEmpty());
}

TEST_F(VfioTest, IsRefusedWithTheKeyThatAllowsIt) {
    give_card();
    expect_error(
        [&] {
            static_cast<void>(plan({std::nullopt, false, "hot_plug_vfio"}));
        },
        ErrorCode::unsupported,
        "device \"/dev/vfio/12\": it is hardware of the host, and hot_plug_vfio in "
        "configuration.toml is \"no-port\"");
}

TEST_F(VfioTest, IsRefusedWithTheNodeAndTheDeviceThatTheHostUses) {
    give_node(spec_, character_node("/dev/vfio/7", 243, 7), "rwm");
    expect_error([&] { static_cast<void>(plan()); },
                 ErrorCode::invalid_state,
                 "device \"/dev/vfio/7\": cannot give IOMMU group 7 to a guest: its device "
                 "0000:00:1f.3 has the driver snd_hda_intel");
}

TEST_F(VfioTest, ComesToTheFirstContainersVmColdIfItMay) {
    config_.machine.hot_plug_vfio = PciPort::of_switch;
    EXPECT_FALSE(vfio_plug(config_, false).at_start);
    EXPECT_EQ(vfio_plug(config_, false).port, PciPort::of_switch);
    config_.machine.cold_plug_vfio = PciPort::root;
    EXPECT_TRUE(vfio_plug(config_, false).at_start);
    EXPECT_EQ(vfio_plug(config_, false).port, PciPort::root);
    EXPECT_FALSE(vfio_plug(config_, true).at_start);
    EXPECT_EQ(vfio_plug(config_, true).port, PciPort::of_switch);
    EXPECT_EQ(vfio_plug(config_, true).key, "hot_plug_vfio");
    EXPECT_EQ(vfio_plug({}, false).key, "cold_plug_vfio");
}

TEST_F(VfioTest, IsJournaledAndOpenedByQemuUntilItIsTakenBack) {
    give_card();
    const VfioPlan planned = plan();
    const auto devices = SandboxVfio(context(), planned).provide(kUuid);
    EXPECT_EQ(devices, planned.groups[0].devices);
    EXPECT_TRUE(qemu_is_listed("12"));
    EXPECT_FALSE(qemu_is_listed("30"));
    ASSERT_EQ(effects().size(), 1U);
    EXPECT_EQ(effects()[0].container_id, "c");
    EXPECT_EQ(parse_vfio_effect(effects()[0].object),
              (VfioEffect{kUuid,
                          "vfio-12",
                          host_ / "dev/vfio/12",
                          kQemu,
                          {"vfio-0000-45-00-0", "vfio-0000-45-00-1"}}));
    undo_effects(effects(), undoing(/*vm_goes_on=*/false));
    EXPECT_FALSE(qemu_is_listed("12"));
    EXPECT_THAT(backend_.fake.unplugged, IsEmpty()) << "a VM that ends has nothing to let go of";
    undo_effects(effects(), undoing(/*vm_goes_on=*/false));
}

TEST_F(VfioTest, NeedsNoEntryInAListWhereQemuMayOpenTheNodeAnyway) {
    give_card();
    ASSERT_EQ(::chmod((host_ / "dev/vfio/12").c_str(), 0666), 0);
    static_cast<void>(SandboxVfio(context(), plan()).provide(kUuid));
    EXPECT_EQ(parse_vfio_effect(effects().at(0).object).listed_user, std::nullopt);
}

TEST_F(VfioTest, LeavesAnEntryThatAnAdministratorHasMade) {
    give_card();
    base::grant_access(host_ / "dev/vfio/12", kQemu, base::kReadAccess | base::kWriteAccess);
    static_cast<void>(SandboxVfio(context(), plan()).provide(kUuid));
    undo_effects(effects(), undoing(/*vm_goes_on=*/false));
    EXPECT_TRUE(qemu_is_listed("12"));
}

TEST_F(VfioTest, IsPluggedIntoAVmThatRunsOnceAndUnpluggedWhenItGoesOn) {
    give_card();
    const VfioPlan planned = plan();
    SandboxVfio(context(), planned).plug(kUuid);
    EXPECT_EQ(backend_.fake.host_devices, planned.groups[0].devices);
    // Another container of the pod, with the same group.
    SandboxVfio(context(), planned).plug(kUuid);
    EXPECT_EQ(backend_.fake.host_devices.size(), 2U);
    EXPECT_EQ(effects().size(), 1U);
    undo_effects(effects(), undoing(/*vm_goes_on=*/true));
    EXPECT_THAT(backend_.fake.unplugged, ElementsAre("vfio-0000-45-00-0", "vfio-0000-45-00-1"));
    EXPECT_FALSE(qemu_is_listed("12"));
}

TEST_F(VfioTest, IsInheritedByAnotherContainerThatUsesIt) {
    give_card();
    static_cast<void>(SandboxVfio(context(), plan()).provide(kUuid));
    const EffectShares shares = divide_effects(effects(), "c", false, {{"vfio-12", "d"}});
    EXPECT_THAT(shares.own, IsEmpty());
    ASSERT_EQ(shares.others.size(), 1U);
    EXPECT_EQ(shares.others[0].container_id, "d");
}

TEST_F(VfioTest, GivesTheGroupOfAVolumeWithoutTheNodesOfItsDrivers) {
    volumes_ = {{12, "/volumes/fast", directory_ / "claim"}};
    const VfioPlan made = plan();
    ASSERT_EQ(made.groups.size(), 1U);
    EXPECT_EQ(made.groups[0].devices.size(), 2U);
    EXPECT_THAT(made.guest, IsEmpty());
}

TEST_F(VfioTest, GivesAGroupOnceThatAVolumeAndANodeAskFor) {
    volumes_ = {{12, "/volumes/fast", directory_ / "claim"}};
    give_card();
    const VfioPlan made = plan();
    ASSERT_EQ(made.groups.size(), 1U);
    EXPECT_EQ(made.groups[0].volumes.size(), 1U);
    EXPECT_EQ(made.guest.size(), 2U);
}

TEST_F(VfioTest, IsRefusedWithTheVolumeThatIsOnIt) {
    volumes_ = {{7, "/volumes/fast", directory_ / "claim"}};
    expect_error([&] { static_cast<void>(plan()); },
                 ErrorCode::invalid_state,
                 "direct volume \"/volumes/fast\": cannot give IOMMU group 7 to a guest");
}

TEST_F(VfioTest, ClaimsTheVolumeUntilItIsTakenBack) {
    directory_.write("claim", "");
    volumes_ = {{12, "/volumes/fast", directory_ / "claim"}};
    static_cast<void>(SandboxVfio(context(), plan()).provide(kUuid));
    EXPECT_THAT(claimed_, ElementsAre("/volumes/fast"));
    EXPECT_THAT(parse_vfio_effect(effects().at(0).object).claims,
                ElementsAre((directory_ / "claim").native()));
    undo_effects(effects(), undoing(/*vm_goes_on=*/false));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "claim"));
    undo_effects(effects(), undoing(/*vm_goes_on=*/false));
}

TEST_F(VfioTest, StaysWithTheVmIfTheEndOfAnEffectCannotBeRead) {
    expect_error([] { static_cast<void>(parse_vfio_effect("{\"vm\": 1}")); },
                 ErrorCode::internal,
                 "cannot read a device of the journal");
}

TEST(VfioKeys, FitTheMachine) {
    struct Case {
        void (*set)(RuntimeConfig&);
        const char* complaint;
    };
    const Case cases[] = {
        {[](RuntimeConfig&) {}, ""},
        {[](RuntimeConfig& c) { c.machine.cold_plug_vfio = PciPort::root; }, ""},
        {[](RuntimeConfig& c) { c.machine.cold_plug_vfio = PciPort::of_switch; }, ""},
        {[](RuntimeConfig& c) { c.machine.cold_plug_vfio = PciPort::bridge; },
         "\"hypervisor.qemu.cold_plug_vfio\" = \"bridge-port\" needs a \"default_bridges\""},
        {[](RuntimeConfig& c) {
             c.machine_type = "pc";
             c.machine.default_bridges = 1;
             c.machine.cold_plug_vfio = c.machine.hot_plug_vfio = PciPort::bridge;
         },
         ""},
        {[](RuntimeConfig& c) {
             c.machine_type = "pc";
             c.machine.hot_plug_vfio = PciPort::of_switch;
         },
         "\"hypervisor.qemu.hot_plug_vfio\" = \"switch-port\" goes with \"machine_type\" = "
         "\"q35\""},
        {[](RuntimeConfig& c) { c.machine.hot_plug_vfio = PciPort::of_switch; },
         "needs a \"pcie_switch_port\" of at least 1"},
        {[](RuntimeConfig& c) {
             c.pcie_root_ports = 0;
             c.machine.hot_plug_vfio = PciPort::root;
         },
         "needs a \"pcie_root_port\" of at least 1"},
    };
    for (const Case& one : cases) {
        RuntimeConfig config;
        one.set(config);
        const std::string found = vfio_contradiction(config);
        EXPECT_THAT(found, HasSubstr(one.complaint));
        EXPECT_EQ(found.empty(), std::string(one.complaint).empty()) << found;
    }
}

}  // namespace
}  // namespace kata::sandbox
