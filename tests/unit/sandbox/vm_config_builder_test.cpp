#include "pkg/sandbox/vm_config_builder.h"

#include <regex>

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

ContainerPlace place() {
    return {oci::ContainerId("c1"), "c1", "/run/vc/sbs/c1", "/run/vc/sbs/c1/containers/c1"};
}

VmConfig build(const RuntimeConfig& config,
               const SandboxSize& size = {2, 600},
               const SizeBounds& bounds = {4, 8000}) {
    return build_vm_config(config, size, bounds, place(), Share("/share", "c1"), "uuid");
}

TEST(BuildVmConfig, NamesTheSandboxAndItsFiles) {
    const VmConfig vm = build({});
    EXPECT_EQ(vm.name, "kata-c1");
    EXPECT_EQ(vm.uuid, "uuid");
    EXPECT_EQ(vm.console_log, "/run/vc/sbs/c1/console.log");
    ASSERT_TRUE(vm.share);
    EXPECT_EQ(vm.share->directory, "/share/c1/shared");
    ASSERT_EQ(vm.ports.size(), kPortCount);
    EXPECT_EQ(vm.ports[3].name, "kata.agent.3");
    EXPECT_EQ(vm.ports[3].socket, "/run/vc/sbs/c1/ports/3.sock");
}

TEST(BuildVmConfig, HasEveryCpuPresentAndTellsTheGuestHowManyToUse) {
    const VmConfig vm = build({});
    EXPECT_EQ(vm.vcpus, 4U);
    EXPECT_NE(vm.kernel_parameters.find(" maxcpus=2"), std::string::npos);
}

TEST(BuildVmConfig, LetsMemoryGrowByWholeBlocksWithinTheBounds) {
    const VmConfig vm = build({});
    EXPECT_EQ(vm.memory_mib, 600U);
    EXPECT_EQ(vm.max_memory_mib, 600U + 57 * 128);
    EXPECT_EQ(vm.memory_slots, 10U);
}

TEST(BuildVmConfig, HasNoPlaceForMemoryThatCannotCome) {
    EXPECT_EQ(build({}, {1, 600}, {1, 700}).max_memory_mib, 0U);
    RuntimeConfig config;
    config.memory_slots = 0;
    EXPECT_EQ(build(config).max_memory_mib, 0U);
    EXPECT_EQ(build(config).memory_slots, 0U);
}

TEST(BuildVmConfig, GivesTheAdministratorsKernelParametersTheLastWord) {
    RuntimeConfig config;
    config.kernel_params = "loglevel=7";
    const std::string parameters = build(config).kernel_parameters;
    EXPECT_GT(parameters.rfind("loglevel=7"), parameters.find("loglevel=3"));
}

TEST(BuildVmConfig, HasNoPortsWithVsock) {
    RuntimeConfig config;
    config.use_vsock = true;
    const VmConfig vm = build(config);
    EXPECT_TRUE(vm.vsock);
    EXPECT_TRUE(vm.ports.empty());
}

TEST(RandomUuid, IsOfVersionFourAndNeverTheSame) {
    const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    const std::string uuid = random_uuid();
    EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
    EXPECT_NE(uuid, random_uuid());
}

}  // namespace
}  // namespace kata::sandbox
