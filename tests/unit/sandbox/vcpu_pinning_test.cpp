#include "pkg/sandbox/vcpu_pinning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sandbox/fakes.h"

namespace kata::sandbox {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<unsigned> kHost{0, 1, 2, 3, 4, 5};

oci::Spec spec_with(const std::string& cpus) {
    oci::Spec spec;
    spec.linux_.emplace();
    spec.linux_->resources.cpu.cpus = cpus;
    return spec;
}

TEST(VcpuPlacement, GivesEachVcpuOnLineACpuOfItsOwnIfThereAreAsMany) {
    EXPECT_THAT(vcpu_placement({spec_with("4"), spec_with("1"), spec_with("")}, 2, 3, kHost),
                ElementsAre(ElementsAre(1), ElementsAre(4), ElementsAre(1, 4)));
}

TEST(VcpuPlacement, CountsACpuOfSeveralCpusetsOnce) {
    EXPECT_THAT(vcpu_placement({spec_with("0-1"), spec_with("1-2")}, 3, 3, kHost),
                ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
}

TEST(VcpuPlacement, SharesTheCpusetsIfTheyHaveMoreOrFewer) {
    EXPECT_THAT(vcpu_placement({spec_with("0-2")}, 2, 2, kHost), Each(ElementsAre(0, 1, 2)));
    EXPECT_THAT(vcpu_placement({spec_with("0")}, 2, 2, kHost), Each(ElementsAre(0)));
}

TEST(VcpuPlacement, IsTheWholeHostWithoutCpusets) {
    EXPECT_THAT(vcpu_placement({}, 1, 2, kHost), Each(kHost));
}

TEST(PinVcpus, AsksTheHypervisorOnlyIfItIsConfigured) {
    test::FakeHypervisor hypervisor;
    SandboxRecord sandbox;
    sandbox.cpus = 1;
    sandbox.max_cpus = 1;
    RuntimeConfig config;
    pin_vcpus(config, sandbox, {spec_with("3")}, hypervisor);
    EXPECT_THAT(hypervisor.pinned, IsEmpty());
    config.enable_vcpus_pinning = true;
    pin_vcpus(config, sandbox, {spec_with("3")}, hypervisor);
    EXPECT_THAT(hypervisor.pinned, ElementsAre(ElementsAre(3)));
}

}  // namespace
}  // namespace kata::sandbox
