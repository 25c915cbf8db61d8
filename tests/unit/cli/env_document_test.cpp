#include "cli/env_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/env_toml.h"
#include "pkg/base/file.h"

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;

/// "Table.Key type" for every key, in the order in which they are shown.
void add_keys(const Json& table, const std::string& prefix, std::string& keys) {
    for (const auto& [key, value] : table.items()) {
        if (value.is_object()) {
            add_keys(value, prefix + key + ".", keys);
        } else {
            keys += prefix + key + " " + (value.is_number() ? "number" : value.type_name()) + "\n";
        }
    }
}

TEST(EnvDocument, HasTheKeysOfTheGoldenList) {
    std::string keys;
    add_keys(env_document(HostReport{}), "", keys);
    EXPECT_EQ(keys, base::read_file(std::filesystem::path(KATA_TEST_DATA) / "kata-env.keys"));
}

TEST(EnvDocument, SaysOfEachMissingPartThatItIsMissing) {
    HostReport nothing;
    nothing.host.libvirt.error = "cannot connect";
    const Json document = env_document(nothing);
    EXPECT_EQ(document["Runtime"]["Config"]["Path"], "<<not found>>");
    EXPECT_EQ(document["Hypervisor"]["Path"], "<<not found>>");
    EXPECT_EQ(document["Hypervisor"]["Version"], "<<unknown>>");
    EXPECT_EQ(document["Hypervisor"]["VirtioFSDaemon"], "<<not found>>");
    EXPECT_EQ(document["Kernel"]["Found"], false);
    EXPECT_EQ(document["Shim"]["Version"], "<<unknown>>");
    EXPECT_EQ(document["Libvirt"]["Reachable"], false);
    EXPECT_EQ(document["Libvirt"]["Error"], "cannot connect");
    EXPECT_EQ(document["Libvirt"]["DaemonVersion"], "<<unknown>>");
    EXPECT_EQ(document["Host"]["VMContainerCapable"], false);
    EXPECT_EQ(document["Host"]["CPU"]["Vendor"], "<<unknown>>");
}

TEST(EnvDocument, ShowsTheConfigurationInForce) {
    HostReport report;
    report.config_file = "/c.toml";
    report.config.machine_type = "pc";
    report.config.kernel_params = "a=b";
    report.config.enable_netmon = true;
    report.config.enable_annotations = {"default_.*"};
    report.vain_settings = {"runtime.enable_tracing: there are no traces"};
    const Json document = env_document(report);
    EXPECT_EQ(document["Runtime"]["Config"]["Path"], "/c.toml");
    EXPECT_EQ(document["Runtime"]["Config"]["WithoutEffect"],
              Json::array({"runtime.enable_tracing: there are no traces"}));
    EXPECT_EQ(document["Hypervisor"]["MachineType"], "pc");
    EXPECT_THAT(document["Kernel"]["Parameters"].get<std::string>(), testing::EndsWith(" a=b"));
    EXPECT_EQ(document["Netmon"]["Enable"], true);
    EXPECT_EQ(document["Hypervisor"]["SecurityInfo"]["EnableAnnotations"],
              Json::array({"default_.*"}));
}

/// Every value of [Runtime], [Hypervisor] and the agent's table that a key decides, each not its
/// default.
TEST(EnvDocument, HasNoConstantsWhereKeysDecide) {
    HostReport report;
    auto& config = report.config;
    config.enable_debug = config.disable_guest_seccomp = true;
    config.disable_new_netns = config.sandbox_cgroup_only = true;
    config.guest_debug = config.use_vsock = config.agent_debug = true;
    config.block_device_driver = sandbox::DiskDriver::virtio_scsi;
    config.shared_fs = sandbox::SharedFs::virtio_9p;
    config.virtio_fs_daemon = "/virtiofsd";
    config.msize_9p = 4096;
    config.memory_slots = 3;
    config.pcie_root_ports = 4;
    config.guest_hook_path = "/hooks";
    config.machine.entropy_source = "/dev/urandom";
    config.machine.pcie_switch_ports = 5;
    config.machine.hot_plug_vfio = sandbox::PciPort::root;
    config.machine.cold_plug_vfio = sandbox::PciPort::bridge;
    config.machine.rootless = true;
    const Json document = env_document(report);
    const Json& runtime = document["Runtime"];
    for (const char* key :
         {"Debug", "DisableGuestSeccomp", "DisableNewNetNs", "SandboxCgroupOnly"}) {
        EXPECT_EQ(runtime[key], true) << key;
    }
    const Json& hypervisor = document["Hypervisor"];
    EXPECT_EQ(hypervisor["BlockDeviceDriver"], "virtio-scsi");
    EXPECT_EQ(hypervisor["SharedFS"], "virtio-9p");
    EXPECT_EQ(hypervisor["VirtioFSDaemon"], "/virtiofsd");
    EXPECT_EQ(hypervisor["Msize9p"], 4096);
    EXPECT_EQ(hypervisor["MemorySlots"], 3);
    EXPECT_EQ(hypervisor["PCIeRootPort"], 4);
    EXPECT_EQ(hypervisor["PCIeSwitchPort"], 5);
    EXPECT_EQ(hypervisor["HotPlugVFIO"], "root-port");
    EXPECT_EQ(hypervisor["ColdPlugVFIO"], "bridge-port");
    EXPECT_EQ(hypervisor["EntropySource"], "/dev/urandom");
    EXPECT_EQ(hypervisor["Debug"], true);
    EXPECT_EQ(hypervisor["UseVSock"], true);
    EXPECT_EQ(hypervisor["SecurityInfo"]["Rootless"], true);
    EXPECT_EQ(hypervisor["SecurityInfo"]["GuestHookPath"], "/hooks");
    EXPECT_EQ(document["Agent"]["Debug"], true);
    config.disable_block_device_use = true;
    EXPECT_EQ(env_document(report)["Hypervisor"]["BlockDeviceDriver"], "");
}

TEST(EnvDocument, IsRootlessByTheKeyAndNotByTheUserThatLibvirtsQemuHas) {
    HostReport report;
    report.host.qemu_user.uid = 64055;
    EXPECT_EQ(env_document(report)["Hypervisor"]["SecurityInfo"]["Rootless"], false);
}

TEST(EnvDocument, SaysOfAConfiguredQemuThatIsMissingWhichItIs) {
    HostReport report;
    report.host.wanted.emulator = "/opt/qemu";
    report.host.libvirt.hypervisor = "7.2.22";
    const Json document = env_document(report);
    EXPECT_EQ(document["Hypervisor"]["Path"], "/opt/qemu");
    EXPECT_EQ(document["Hypervisor"]["Version"], "<<not found>>");
}

TEST(EnvDocument, HasAPathOfImageOrInitrdWhicheverTheGuestLivesIn) {
    HostReport report;
    report.host.guest_initrd = {.path = "/initrd", .format = host::GuestFormat::cpio_archive};
    Json document = env_document(report);
    EXPECT_EQ(document["Initrd"], Json({{"Path", "/initrd"}, {"Found", true}}));
    EXPECT_EQ(document["Image"], Json({{"Path", ""}, {"Found", false}, {"Loader", ""}}));
    report.host.wanted.image = "/image";
    report.host.guest_image = {.path = "/image", .agent_version = "1.2"};
    document = env_document(report);
    EXPECT_EQ(document["Initrd"], Json({{"Path", ""}, {"Found", false}}));
    EXPECT_EQ(document["Image"],
              Json({{"Path", "/image"}, {"Found", false}, {"Loader", "/initrd"}}));
    EXPECT_EQ(document["Agent"]["Version"], "1.2");
}

TEST(EnvToml, WritesTablesInOrderWithTheirKeysFirst) {
    const Json document = {{"B", {{"Inner", {{"x", 1}}}, {"Text", "a\"b\\c\nd\x01"}, {"On", true}}},
                           {"A", {{"List", {"p", "q"}}, {"None", Json::array()}}}};
    EXPECT_EQ(toml_text(document),
              "[B]\nText = \"a\\\"b\\\\c\\nd\\u0001\"\nOn = true\n\n[B.Inner]\nx = 1\n\n"
              "[A]\nList = [\"p\", \"q\"]\nNone = []\n");
}

}  // namespace
}  // namespace kata::cli
