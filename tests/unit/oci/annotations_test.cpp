#include "pkg/oci/annotations.h"

#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using test::expect_error;
using Annotations = std::map<std::string, std::string>;

TEST(PodRole, IsASandboxOfItsOwnWithoutAnnotations) {
    const PodRole role = pod_role_of({{"io.container.manager", "libpod"}});
    EXPECT_EQ(role.type, ContainerType::pod_sandbox);
    EXPECT_EQ(role.sandbox_id, "");
}

struct Engine {
    const char* type;
    const char* sandbox;
    const char* id;
};

class PodRoleOf : public testing::TestWithParam<Engine> {};

TEST_P(PodRoleOf, ReadsBothTypesAndRefusesOthers) {
    const Engine& engine = GetParam();
    const PodRole member = pod_role_of({{engine.type, "container"}, {engine.id, "abc"}});
    EXPECT_EQ(member.type, ContainerType::pod_container);
    EXPECT_EQ(member.sandbox_id, "abc");
    const PodRole sandbox = pod_role_of({{engine.type, engine.sandbox}, {engine.id, "abc"}});
    EXPECT_EQ(sandbox.type, ContainerType::pod_sandbox);
    EXPECT_EQ(sandbox.sandbox_id, "");
    EXPECT_EQ(pod_role_of({{engine.type, "container"}}).sandbox_id, "");
    expect_error(
        [&] {
            (void)pod_role_of({{engine.type, "vm\x1b"}});
        },
        base::ErrorCode::invalid_argument,
        "unknown value \"vm?\"");
}

INSTANTIATE_TEST_SUITE_P(
    Engines,
    PodRoleOf,
    testing::Values(
        Engine{"io.kubernetes.cri.container-type", "sandbox", "io.kubernetes.cri.sandbox-id"},
        Engine{"io.kubernetes.cri-o.ContainerType", "sandbox", "io.kubernetes.cri-o.SandboxID"},
        Engine{"io.kubernetes.docker.type", "podsandbox", "io.kubernetes.sandbox.id"}));

TEST(PodRole, IsDecidedByTheFirstEngineThatIsThere) {
    const PodRole role = pod_role_of({{"io.kubernetes.cri-o.ContainerType", "sandbox"},
                                      {"io.kubernetes.cri.container-type", "container"},
                                      {"io.kubernetes.cri.sandbox-id", "one"},
                                      {"io.kubernetes.cri-o.SandboxID", "two"}});
    EXPECT_EQ(role.type, ContainerType::pod_container);
    EXPECT_EQ(role.sandbox_id, "one");
}

}  // namespace
}  // namespace kata::oci
