#include "pkg/libvirt-driver/libvirt_hypervisor.h"

#include <cstdlib>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/vm_backend.h"
#include "tests/unit/libvirt-driver/silent_daemon.h"
#include "tests/unit/libvirt-driver/test_domain.h"
#include "tests/unit/support/expect_error.h"

extern "C" kata::sandbox::Hypervisor* kata_make_hypervisor(const char* uri);

namespace kata::libvirt_driver {
namespace {

using base::Deadline;
using base::ErrorCode;
using sandbox::VmState;
using test::failure_of;
using testing::HasSubstr;
using testing::MatchesRegex;

Deadline ample() {
    return Deadline::after(std::chrono::minutes(1));
}

TEST(LibvirtHypervisor, TellsVersions) {
    LibvirtHypervisor hypervisor(kTestUri);

    const auto version = hypervisor.version(ample());

    EXPECT_EQ(version.uri, kTestUri);
    EXPECT_THAT(version.library, MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
    EXPECT_EQ(version.daemon, version.library) << "the test driver is part of the library";
    EXPECT_EQ(version.hypervisor, "0.0.2");
}

TEST(LibvirtHypervisor, TellsTheStateOfAVm) {
    LibvirtHypervisor hypervisor(kTestUri);

    EXPECT_EQ(hypervisor.vm_state(kPresetUuid, ample()), VmState::running);
    EXPECT_EQ(hypervisor.vm_state(kUnknownUuid, ample()), VmState::stopped);
}

TEST(LibvirtHypervisor, DestroysAVmOnceAndAgain) {
    LibvirtHypervisor hypervisor(kTestUri);

    hypervisor.destroy_vm(kPresetUuid, ample());
    EXPECT_EQ(hypervisor.vm_state(kPresetUuid, ample()), VmState::stopped);
    EXPECT_NO_THROW(hypervisor.destroy_vm(kPresetUuid, ample()));
}

TEST(LibvirtHypervisor, CannotResumeWhatIsRunningOrMissing) {
    LibvirtHypervisor hypervisor(kTestUri);
    const auto resume = [&](const char* uuid) {
        return failure_of([&] {
            hypervisor.resume_vm(uuid, ample());
            return 0;
        });
    };

    EXPECT_EQ(resume(kUnknownUuid).code(), ErrorCode::not_found);
    EXPECT_THAT(resume(kPresetUuid).what(), HasSubstr("cannot resume VM with UUID"));
}

TEST(LibvirtHypervisor, TakesOutWhatAVmHasNotWithoutAWord) {
    LibvirtHypervisor hypervisor(kTestUri);

    for (const char* uuid : {kPresetUuid, kUnknownUuid}) {
        EXPECT_NO_THROW(hypervisor.unplug_disk(uuid, "kata1", ample()));
        EXPECT_NO_THROW(hypervisor.unplug_host_device(uuid, "vfio-0000-45-00-1", ample()));
    }
}

TEST(LibvirtHypervisor, NamesADeviceThatItCannotFindOrPlace) {
    LibvirtHypervisor hypervisor(kTestUri);
    const sandbox::VmHostDevice card{"card", "0000:45:00.1", false, sandbox::PciPort::root};

    const auto paths = failure_of(
        [&] { static_cast<void>(hypervisor.pci_paths(kPresetUuid, {"card"}, ample())); });
    EXPECT_EQ(paths.code(), ErrorCode::not_found);
    EXPECT_THAT(paths.what(), HasSubstr("cannot find device card of VM"));
    const auto plug = failure_of([&] { hypervisor.plug_host_device(kPresetUuid, card, ample()); });
    EXPECT_EQ(plug.code(), ErrorCode::unsupported);
    EXPECT_THAT(plug.what(), HasSubstr("0000:45:00.1 to the VM: no place for it"));
    EXPECT_EQ(failure_of([&] { hypervisor.plug_host_device(kUnknownUuid, card, ample()); }).code(),
              ErrorCode::not_found);
}

TEST(LibvirtHypervisor, RefusesABadConfigBeforeAnythingIsCreated) {
    LibvirtHypervisor hypervisor(kTestUri);
    sandbox::VmConfig config = test_config("kata-a", kUnknownUuid);
    config.accelerator = sandbox::Accelerator::tcg;
    config.machine_type = "vax";

    const auto error = failure_of([&] { return hypervisor.create_vm_paused(config, ample()); });

    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(hypervisor.vm_state(kUnknownUuid, ample()), VmState::stopped);
}

TEST(LibvirtHypervisor, TellsWhoAVmRunsAs) {
    LibvirtHypervisor hypervisor(kTestUri);
    const sandbox::VmUser usual = hypervisor.vm_user({.uuid = kUnknownUuid}, ample());
    EXPECT_EQ(usual.uid, ::geteuid()) << "this driver of libvirt changes no users";
    EXPECT_EQ(
        failure_of([&] {
            return hypervisor.vm_user(
                {.uuid = kUnknownUuid, .own_user = true, .accelerator = sandbox::Accelerator::tcg},
                ample());
        }).code(),
        ErrorCode::unsupported);
}

TEST(LibvirtHypervisor, TimesOutOnAHungDaemonInEveryCall) {
    SilentDaemon daemon;
    LibvirtHypervisor hypervisor(daemon.uri());
    const auto soon = [] { return Deadline::after(std::chrono::milliseconds(50)); };

    EXPECT_EQ(failure_of([&] { return hypervisor.create_vm_paused({}, soon()); }).code(),
              ErrorCode::timeout);
    EXPECT_EQ(failure_of([&] { return hypervisor.vm_state(kPresetUuid, soon()); }).code(),
              ErrorCode::timeout);
    EXPECT_EQ(failure_of([&] { return hypervisor.version(soon()); }).code(), ErrorCode::timeout);
    EXPECT_EQ(failure_of([&] {
                  hypervisor.destroy_vm(kPresetUuid, soon());
                  return 0;
              }).code(),
              ErrorCode::timeout);
    daemon.hang_up();
}

TEST(MakeHypervisor, WithAUriConnectsThere) {
    const sandbox::MakeHypervisor make = kata_make_hypervisor;
    const std::unique_ptr<sandbox::Hypervisor> hypervisor(make(kTestUri));

    EXPECT_EQ(hypervisor->version(ample()).uri, kTestUri);
}

TEST(MakeHypervisor, WithoutAUriTakesTheOneOfTheEnvironment) {
    ASSERT_EQ(setenv("LIBVIRT_DEFAULT_URI", kTestUri, 1), 0);
    const std::unique_ptr<sandbox::Hypervisor> hypervisor(kata_make_hypervisor(""));
    ASSERT_EQ(unsetenv("LIBVIRT_DEFAULT_URI"), 0);

    EXPECT_EQ(hypervisor->version(ample()).uri, kTestUri);
}

}  // namespace
}  // namespace kata::libvirt_driver
