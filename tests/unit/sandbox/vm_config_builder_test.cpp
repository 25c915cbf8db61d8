#include "pkg/sandbox/vm_config_builder.h"

#include <regex>

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

ContainerPlace place() {
    return {oci::ContainerId("c1"), "c1", "/run/vc/sbs/c1", "/run/vc/sbs/c1/containers/c1"};
}

VmConfig build(const RuntimeConfig& config, const oci::Spec& spec) {
    return build_vm_config(config, spec, place(), Share("/share", "c1"), "uuid");
}

oci::Spec spec_with(const oci::Resources& resources) {
    oci::Spec spec;
    spec.linux_.emplace();
    spec.linux_->resources = resources;
    return spec;
}

TEST(BuildVmConfig, NamesTheSandboxAndItsFiles) {
    const VmConfig vm = build({}, {});
    EXPECT_EQ(vm.name, "kata-c1");
    EXPECT_EQ(vm.uuid, "uuid");
    EXPECT_EQ(vm.console_log, "/run/vc/sbs/c1/console.log");
    ASSERT_TRUE(vm.share);
    EXPECT_EQ(vm.share->directory, "/share/c1/shared");
    ASSERT_EQ(vm.ports.size(), kPortCount);
    EXPECT_EQ(vm.ports[3].name, "kata.agent.3");
    EXPECT_EQ(vm.ports[3].socket, "/run/vc/sbs/c1/ports/3.sock");
}

TEST(BuildVmConfig, AddsTheLimitsOfTheContainerToTheDefaults) {
    oci::Resources resources;
    resources.memory.limit = (std::int64_t{100} << 20) + 1;
    resources.cpu.quota = 150000;
    resources.cpu.period = 100000;
    const RuntimeConfig config;
    const VmConfig vm = build(config, spec_with(resources));
    EXPECT_EQ(vm.memory_mib, config.default_memory_mib + 101);
    EXPECT_EQ(vm.vcpus, config.default_vcpus + 2);
}

TEST(BuildVmConfig, TakesZeroAndMinusOneAsNoLimit) {
    oci::Resources resources;
    resources.memory.limit = -1;
    resources.cpu.quota = 0;
    resources.cpu.period = 0;
    const RuntimeConfig config;
    const VmConfig vm = build(config, spec_with(resources));
    EXPECT_EQ(vm.memory_mib, config.default_memory_mib);
    EXPECT_EQ(vm.vcpus, config.default_vcpus);
}

TEST(BuildVmConfig, GivesTheAdministratorsKernelParametersTheLastWord) {
    RuntimeConfig config;
    config.kernel_params = "loglevel=7";
    const std::string parameters = build(config, {}).kernel_parameters;
    EXPECT_GT(parameters.rfind("loglevel=7"), parameters.find("loglevel=3"));
}

TEST(BuildVmConfig, HasNoPortsWithVsock) {
    RuntimeConfig config;
    config.use_vsock = true;
    const VmConfig vm = build(config, {});
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
