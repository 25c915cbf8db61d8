#include "cli/container_table.h"

#include <gtest/gtest.h>

namespace kata::cli {
namespace {

using namespace std::chrono_literals;

oci::ContainerSummary container(const std::string& id, const std::string& bundle) {
    return {.oci_version = "1.0.2-dev",
            .id = id,
            .pid = 9427,
            .status = oci::Status::created,
            .bundle = bundle,
            .rootfs = bundle + "/rootfs",
            .created = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 7h + 30min + 13s +
                       866226151ns,
            .annotations = {},
            .owner = "root"};
}

TEST(ContainerTable, OfNoContainersIsTheHeader) {
    EXPECT_EQ(container_table({}),
              "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
}

TEST(ContainerTable, HasTheColumnsThatScriptsKnowOfRunc) {
    EXPECT_EQ(
        container_table({container("cligold", "/tmp/cli/b")}),
        "ID          PID         STATUS      BUNDLE       CREATED                          OWNER\n"
        "cligold     9427        created     /tmp/cli/b   2026-11-22T07:30:13.866226151Z   root\n");
}

TEST(ContainerTable, WidensAColumnForItsLongestCell) {
    const std::string table =
        container_table({container("an-id-of-23-characters-", "/b"), container("x", "/b")});
    EXPECT_NE(table.find("\nan-id-of-23-characters-   9427 "), std::string::npos);
    EXPECT_NE(table.find("\nx" + std::string(25, ' ') + "9427 "), std::string::npos);
}

TEST(ContainerTable, CountsCharactersAndShowsNoEscapes) {
    const std::string table =
        container_table({container("a", "/b\x1b[2J"), container("b", "/\u00e4")});
    EXPECT_EQ(table.find('\x1b'), std::string::npos);
    EXPECT_NE(table.find("/b?[2J"), std::string::npos);
}

}  // namespace
}  // namespace kata::cli
