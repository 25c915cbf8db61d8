#include <nlohmann/json.hpp>

#include "pkg/oci/default_spec.h"
#include "pkg/oci/features.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"
#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using test::expect_error;

TEST(DefaultSpec, PassesItsOwnValidationWithoutWarnings) {
    const Spec spec = parse_spec(default_spec_json(), "config.json");
    EXPECT_THAT(validate(spec), testing::IsEmpty());
    EXPECT_EQ(spec.hostname, "kata");
    EXPECT_EQ(spec.process->args, std::vector<std::string>{"sh"});
    EXPECT_TRUE(spec.process->terminal);
    EXPECT_TRUE(spec.root->readonly);
    EXPECT_EQ(spec.mounts.size(), 7U);
    EXPECT_EQ(spec.linux_->masked_paths.size(), 10U);
}

TEST(DefaultSpec, IsIndentedByTabsInTheOrderOfRunc) {
    EXPECT_EQ(default_spec_json().rfind("{\n\t\"ociVersion\": \"1.0.2-dev\",\n\t\"process\": {\n"
                                        "\t\t\"terminal\": true,\n\t\t\"user\": {\n",
                                        0),
              0U);
    EXPECT_EQ(default_spec_json().back(), '}');
}

TEST(DefaultSpec, IsRefusedForRootlessUse) {
    expect_error([] { refuse_rootless_spec(); }, base::ErrorCode::unsupported, "user namespace");
}

TEST(Features, ListOnlyWhatValidationAccepts) {
    const auto features = nlohmann::json::parse(features_json("1.2.3"));
    EXPECT_EQ(features["annotations"]["io.katacontainers.version"], "1.2.3");
    EXPECT_EQ(features["hooks"].size(), 6U);
    Spec spec = parse_spec(default_spec_json(), "config.json");
    spec.linux_->namespaces.clear();
    for (const auto& type : features["linux"]["namespaces"]) {
        spec.linux_->namespaces.push_back({type, ""});
    }
    Seccomp seccomp;
    for (const auto& action : features["linux"]["seccomp"]["actions"]) {
        seccomp.default_action = action;
        seccomp.syscalls.push_back({{"read"}, action, features["linux"]["seccomp"]["operators"]});
    }
    seccomp.architectures = features["linux"]["seccomp"]["archs"];
    seccomp.flags = features["linux"]["seccomp"]["supportedFlags"];
    spec.linux_->seccomp = seccomp;
    spec.process->capabilities->bounding = features["linux"]["capabilities"];
    spec.mounts[0].options = features["mountOptions"];
    spec.mounts[0].source = "/x";
    EXPECT_THAT(validate(spec), testing::IsEmpty());
}

}  // namespace
}  // namespace kata::oci
