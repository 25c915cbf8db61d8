#include "pkg/host/probe.h"

#include <sys/xattr.h>

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/host/access.h"
#include "pkg/host/guest_files.h"
#include "tests/unit/host/fake_host.h"

namespace kata::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Probe, ReadsTheFactsOfTheMachine) {
    const Host host = FakeHost().probe();
    EXPECT_EQ(host.architecture, "x86_64");
    EXPECT_EQ(host.kernel, "6.1.0-40-amd64");
    EXPECT_EQ(host.distribution.name, "Debian GNU/Linux");
    EXPECT_EQ(host.distribution.version, "12");
    EXPECT_EQ(host.processor.model, "A CPU @ 2 GHz");
    EXPECT_EQ(host.processor.count, 2U);
    EXPECT_EQ(host.memory.total, 8000000U);
    EXPECT_EQ(host.memory.free, 5000000U);
    EXPECT_EQ(host.memory.available, 6000000U);
    EXPECT_TRUE(host.has_systemd);
    EXPECT_EQ(host.daemon.name, "libvirtd");
    EXPECT_EQ(host.daemon.pid, 77);
}

TEST(Probe, OfAnEmptyDirectoryFindsNothingAndDoesNotFail) {
    const test::TemporaryDirectory empty;
    const Host host = probe_host(Roots::below(empty.path()), Wanted{});
    EXPECT_THAT(host.processor.vendor, IsEmpty());
    EXPECT_FALSE(host.kvm.exists);
    EXPECT_EQ(host.cgroups.layout, CgroupLayout::none);
    EXPECT_EQ(host.guest_kernel.format, GuestFormat::missing);
    EXPECT_THAT(host.daemon.name, IsEmpty());
    EXPECT_EQ(host.qemu_user.name, "0");
}

TEST(Probe, TellsModulesApart) {
    const FakeHost tree;
    const Host host = tree.probe();
    EXPECT_EQ(host.module("kvm").state, ModuleState::loaded);
    EXPECT_EQ(host.module("sch_ingress").state, ModuleState::built_in);
    EXPECT_EQ(host.module("kvm_amd").state, ModuleState::loadable);
    EXPECT_EQ(host.module("cls_u32").state, ModuleState::loadable);
    tree.write("usr/lib/modules/6.1.0-40-amd64/modules.dep", "");
    EXPECT_EQ(tree.probe().module("veth").state, ModuleState::absent);
}

TEST(Probe, FindsBuiltInModulesOfAKernelWithoutListsByTheirFunctions) {
    const FakeHost tree;
    tree.remove("usr/lib/modules");
    tree.write("proc/kallsyms",
               "0000 t veth_newlink\n0000 t u32_change\t[cls_u32]\n0000 t tcf_mirred_init2\n");
    const Host host = tree.probe();
    EXPECT_EQ(host.module("veth").state, ModuleState::built_in);
    EXPECT_EQ(host.module("cls_u32").state, ModuleState::absent);
}

TEST(Probe, TakesQemusUserFromItsConfiguration) {
    const FakeHost tree;
    tree.write("etc/libvirt/qemu.conf", "#user = \"a\"\nuser = \"+1234\"\ngroup = \"other\"\n");
    const User user = probe_qemu_user(tree.roots());
    EXPECT_EQ(user.uid, 1234U);
    EXPECT_EQ(user.gid, 64055U);
    EXPECT_EQ(user.kvm_group, "other");
}

TEST(Probe, CountsTheGroupsOfQemusUser) {
    const User user = probe_qemu_user(FakeHost().roots());
    EXPECT_EQ(user.name, "libvirt-qemu");
    EXPECT_THAT(user.groups, ElementsAre(64055, ::getegid()));
    EXPECT_EQ(user.kvm_group, "kvm");
}

TEST(Probe, DoesNotTakeAZombieForTheDaemon) {
    const FakeHost tree;
    tree.write("proc/77/cmdline", "");
    EXPECT_EQ(tree.probe().daemon.pid, std::nullopt);
}

/// {version 2; owner rw-, user 64055 as given, group ---, mask rw-, others ---}
std::string access_list(std::uint16_t rights) {
    std::string bytes("\2\0\0\0", 4);
    const auto add = [&](std::uint16_t tag, std::uint16_t entry_rights, std::uint32_t id) {
        bytes.append(reinterpret_cast<const char*>(&tag), sizeof tag);
        bytes.append(reinterpret_cast<const char*>(&entry_rights), sizeof entry_rights);
        bytes.append(reinterpret_cast<const char*>(&id), sizeof id);
    };
    constexpr std::uint32_t kNobody = 0xffffffff;
    add(0x01, 6, kNobody);
    add(0x02, rights, 64055);
    add(0x04, 0, kNobody);
    add(0x10, 6, kNobody);
    add(0x20, 0, kNobody);
    return bytes;
}

TEST(Probe, ObeysAnAccessControlList) {
    const FakeHost tree;
    const auto device = tree.at("dev/kvm");
    for (const auto& [rights, usable] : {std::pair{6, true}, {4, false}}) {
        const std::string list = access_list(static_cast<std::uint16_t>(rights));
        if (::setxattr(device.c_str(), "system.posix_acl_access", list.data(), list.size(), 0) !=
            0) {
            GTEST_SKIP() << "the file system of temporary files has no access control lists";
        }
        EXPECT_EQ(tree.probe().kvm.usable_by_qemu, usable) << rights;
    }
}

TEST(GuestFiles, AreToldByTheirFirstBytes) {
    EXPECT_EQ(guest_format("\x7f"
                           "ELF.."),
              GuestFormat::elf_kernel);
    EXPECT_EQ(guest_format("070701.."), GuestFormat::cpio_archive);
    EXPECT_EQ(guest_format("\x28\xb5\x2f\xfd.."), GuestFormat::packed_archive);
    EXPECT_EQ(guest_format(""), GuestFormat::other);
}

TEST(GuestFiles, AreImagesByTheFileSystemInThemOrInTheirFirstPartition) {
    std::string ext4(2048, '\0');
    ext4.replace(1024 + 56, 2, "\x53\xef");
    std::string erofs(2048, '\0');
    erofs.replace(1024, 4, "\xe2\xe1\xf5\xe0");
    EXPECT_EQ(guest_format(ext4), GuestFormat::ext4);
    EXPECT_EQ(guest_format(erofs), GuestFormat::erofs);
    EXPECT_EQ(guest_format("XFSB.."), GuestFormat::xfs);
    std::string table(1024, '\0');
    table.replace(510, 2, "\x55\xaa");
    table[0x1be + 4] = '\x83';
    table[0x1be + 8] = '\x02';
    EXPECT_EQ(guest_format(table + ext4), GuestFormat::ext4);
    EXPECT_EQ(guest_format(table + "XFSB"), GuestFormat::xfs);
    EXPECT_EQ(guest_format(table), GuestFormat::other);
    table[0x1be + 11] = '\x7f';
    EXPECT_EQ(guest_format(table + ext4), GuestFormat::other);
    EXPECT_THAT(guest_releases(GuestFormat::ext4, "/lib/modules/6.1-a/x"), ElementsAre("6.1-a"));
}

TEST(GuestFiles, OfABzImageTheReleaseIsInTheBootHeader) {
    std::string image(0x400, '\0');
    std::memcpy(image.data() + 0x202, "HdrS", 4);
    image[0x20e] = 0x50;
    const std::string release = "6.1.0-9 (builder)";
    std::memcpy(image.data() + 0x250, release.data(), release.size());
    ASSERT_EQ(guest_format(image), GuestFormat::bzimage_kernel);
    EXPECT_THAT(guest_releases(GuestFormat::bzimage_kernel, image), ElementsAre("6.1.0-9"));
    image[0x20f] = '\x7f';
    EXPECT_THAT(guest_releases(GuestFormat::bzimage_kernel, image), IsEmpty());
    EXPECT_THAT(guest_releases(GuestFormat::bzimage_kernel, "short"), IsEmpty());
}

TEST(GuestFiles, NameEachReleaseOnce) {
    EXPECT_THAT(guest_releases(GuestFormat::cpio_archive,
                               "lib/modules/6.2-b/x lib/modules/6.1-a/y lib/modules/6.2-b/z "
                               "lib/modules/none/x lib/modules/"),
                ElementsAre("6.1-a", "6.2-b"));
}

TEST(Roots, MapEachPathOfTheHostToItsTree) {
    const Roots roots = {.proc = "/a",
                         .sys = "/b",
                         .dev = "/c",
                         .etc = "/d",
                         .usr = "/e",
                         .var = "/f",
                         .run = "/g",
                         .rest = "/h"};
    EXPECT_EQ(roots.at("/usr/bin/x"), "/e/bin/x");
    EXPECT_EQ(roots.at("/var"), "/f");
    EXPECT_EQ(roots.at("/opt/x"), "/h/opt/x");
    EXPECT_EQ(roots.at("/usr/../etc/x"), "/d/x");
    EXPECT_EQ(roots.at("/"), "/h");
    EXPECT_EQ(Roots().at("/etc/passwd"), "/etc/passwd");
    EXPECT_TRUE(Roots().is_this_host());
    EXPECT_FALSE(Roots::below("/x").is_this_host());
}

}  // namespace
}  // namespace kata::host
