#include "pkg/sandbox/sizing.h"

#include <gtest/gtest.h>

#include "pkg/oci/spec_json.h"

namespace kata::sandbox {
namespace {

constexpr SizeBounds kLarge{100, 1 << 20};

oci::Spec spec(const std::string& resources, const std::string& annotations = "{}") {
    return oci::parse_spec(
        R"({"annotations":)" + annotations + R"(,"linux":{"resources":)" + resources + "}}",
        "test");
}

SandboxSize size_of(const std::vector<oci::Spec>& specs, const SizeBounds& bounds = kLarge) {
    RuntimeConfig config;
    config.default_vcpus = 1;
    config.default_memory_mib = 2048;
    return sandbox_size(config, bounds, specs);
}

TEST(SandboxSizeOf, NothingIsTheDefault) {
    EXPECT_EQ(size_of({}), (SandboxSize{1, 2048}));
    EXPECT_EQ(size_of({spec("{}")}), (SandboxSize{1, 2048}));
}

TEST(SandboxSizeOf, AContainerAddsItsLimitsToTheDefault) {
    EXPECT_EQ(size_of({spec(R"({"cpu":{"quota":150000,"period":100000},
                                "memory":{"limit":104857601}})")}),
              (SandboxSize{3, 2048 + 101}));
}

TEST(SandboxSizeOf, ZeroAndMinusOneAreNoLimits) {
    EXPECT_EQ(size_of({spec(R"({"cpu":{"quota":0,"period":0},"memory":{"limit":0}})")}),
              (SandboxSize{1, 2048}));
    EXPECT_EQ(size_of({spec(R"({"cpu":{"quota":-1,"period":100000},"memory":{"limit":-1}})")}),
              (SandboxSize{1, 2048}));
}

TEST(SandboxSizeOf, AQuotaWithoutAPeriodCountsAgainstTheKernelsOwn) {
    EXPECT_EQ(size_of({spec(R"({"cpu":{"quota":200000}})")}).cpus, 3U);
}

TEST(SandboxSizeOf, APodIsRoundedUpOnceAndNotForEachContainer) {
    const oci::Spec third = spec(R"({"cpu":{"quota":33333,"period":100000},
                                     "memory":{"limit":524288}})");
    EXPECT_EQ(size_of({third, third, third}), (SandboxSize{2, 2048 + 2}));
}

TEST(SandboxSizeOf, CpusetsCountOnlyWhereNobodyHasAQuota) {
    const oci::Spec listed = spec(R"({"cpu":{"cpus":"0-2,7"}})");
    EXPECT_EQ(size_of({listed}).cpus, 5U);
    EXPECT_EQ(size_of({listed, spec(R"({"cpu":{"quota":100000,"period":100000}})")}).cpus, 2U);
}

TEST(SandboxSizeOf, HugePagesAreMemory) {
    EXPECT_EQ(
        size_of({spec(R"({"hugepageLimits":[{"pageSize":"2MB","limit":209715200}]})")}).memory_mib,
        2048U + 200U);
}

TEST(SandboxSizeOf, APodsOwnSizeCountsWhereItIsLarger) {
    const char* annotations = R"({"io.kubernetes.cri.sandbox-cpu-quota":"300000",
                                  "io.kubernetes.cri.sandbox-cpu-period":"100000",
                                  "io.kubernetes.cri.sandbox-memory":"1073741824"})";
    const oci::Spec pause = spec("{}", annotations);
    EXPECT_EQ(size_of({pause}), (SandboxSize{4, 2048 + 1024}));
    const oci::Spec large = spec(R"({"cpu":{"quota":500000,"period":100000},
                                     "memory":{"limit":2147483648}})");
    EXPECT_EQ(size_of({pause, large}), (SandboxSize{6, 2048 + 2048}));
}

TEST(SandboxSizeOf, AnnotationsThatAreNoNumbersCountNothing) {
    EXPECT_EQ(size_of({spec("{}", R"({"io.kubernetes.cri.sandbox-memory":"1Gi",
                                      "io.kubernetes.cri.sandbox-cpu-quota":""})")}),
              (SandboxSize{1, 2048}));
}

TEST(SandboxSizeOf, LimitsBeyondTheBoundsEndThere) {
    const oci::Spec huge = spec(R"({"cpu":{"quota":9223372036854775807,"period":1},
                                    "memory":{"limit":9223372036854771712}})");
    EXPECT_EQ(size_of({huge, huge}, {4, 8000}), (SandboxSize{4, 8000}));
}

TEST(SizeBoundsOf, ZeroIsAllOfTheHost) {
    const SizeBounds bounds = size_bounds({}, {8, 16000});
    EXPECT_EQ(bounds.cpus, 8U);
    EXPECT_EQ(bounds.memory_mib, 16000U);
}

TEST(SizeBoundsOf, NothingIsMoreThanTheHostHasNorLessThanTheDefault) {
    RuntimeConfig config;
    config.default_max_vcpus = 64;
    config.default_max_memory_mib = 1 << 20;
    EXPECT_EQ(size_bounds(config, {8, 16000}).cpus, 8U);
    EXPECT_EQ(size_bounds(config, {8, 16000}).memory_mib, 16000U);
    config.default_max_vcpus = 1;
    config.default_vcpus = 2;
    config.default_max_memory_mib = 128;
    EXPECT_EQ(size_bounds(config, {8, 16000}).cpus, 2U);
    EXPECT_EQ(size_bounds(config, {8, 16000}).memory_mib, config.default_memory_mib);
}

TEST(CpusInList, CountsNumbersAndRanges) {
    EXPECT_EQ(cpus_in_list("0"), 1U);
    EXPECT_EQ(cpus_in_list("0-3,7"), 5U);
    EXPECT_EQ(cpus_in_list("1, 3-4\n"), 3U);
}

TEST(CpusInList, DoesNotCountWhatIsNone) {
    for (const char* list : {"", ",", "a", "3-1", "-1", "1-2-3", "4x"}) {
        EXPECT_EQ(cpus_in_list(list), 0U) << list;
    }
}

}  // namespace
}  // namespace kata::sandbox
