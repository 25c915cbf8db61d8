#include "pkg/libvirt-driver/share_xml.h"

#include <sstream>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::ShareProtocol;
using sandbox::VmShare;

VmShare plain_share() {
    VmShare share;
    share.directory = "/share/c1/shared";
    share.tag = "kataShared";
    return share;
}

template <typename Add>
std::string xml_of(Add add, const VmShare& share) {
    pugi::xml_document document;
    add(document.append_child("parent"), share);
    std::ostringstream text;
    document.first_child().print(text, "", pugi::format_raw);
    return text.str();
}

constexpr const char* kAddress =
    R"(<address type="pci" domain="0x0000" bus="0x00" slot="0x04" function="0x0"/>)";

TEST(ShareXml, LeavesToLibvirtWhatIsNotSaid) {
    EXPECT_EQ(xml_of(add_virtio_fs, plain_share()),
              std::string(R"(<parent><filesystem type="mount"><driver type="virtiofs"/>)"
                          R"(<binary xattr="on"/><source dir="/share/c1/shared"/>)"
                          R"(<target dir="kataShared"/>)") +
                  kAddress + "</filesystem></parent>");
}

TEST(ShareXml, SaysHowLibvirtStartsVirtiofsd) {
    VmShare share = plain_share();
    share.server = "/opt/virtiofsd";
    share.cache = "none";
    share.threads = 4;
    share.queue_size = 512;
    EXPECT_EQ(
        xml_of(add_virtio_fs, share),
        std::string(R"(<parent><filesystem type="mount"><driver type="virtiofs" queue="512"/>)"
                    R"(<binary path="/opt/virtiofsd" xattr="on"><cache mode="none"/>)"
                    R"(<thread_pool size="4"/></binary><source dir="/share/c1/shared"/>)"
                    R"(<target dir="kataShared"/>)") +
            kAddress + "</filesystem></parent>");
}

TEST(ShareXml, OfAServerThatRunsNamesItsSocketOnly) {
    VmShare share = plain_share();
    share.socket = "/run/vc/sbs/c1/share.sock";
    share.queue_size = 1024;
    EXPECT_EQ(
        xml_of(add_virtio_fs, share),
        std::string(R"(<parent><filesystem type="mount"><driver type="virtiofs" queue="1024"/>)"
                    R"(<source socket="/run/vc/sbs/c1/share.sock"/><target dir="kataShared"/>)") +
            kAddress + "</filesystem></parent>");
}

TEST(ShareXml, PassesThe9pProxyToQemuWithItsCommasDoubled) {
    VmShare share = plain_share();
    share.protocol = ShareProtocol::virtio_9p;
    share.socket = "/run/a,b/share.sock";
    EXPECT_EQ(xml_of(add_virtio_9p, share),
              R"(<parent xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">)"
              R"(<qemu:commandline><qemu:arg value="-fsdev"/>)"
              R"(<qemu:arg value="proxy,id=share-files,socket=/run/a,,b/share.sock"/>)"
              R"(<qemu:arg value="-device"/>)"
              R"(<qemu:arg value="virtio-9p-pci,id=share,fsdev=share-files,)"
              R"(mount_tag=kataShared,addr=0x1c"/></qemu:commandline></parent>)");
}

TEST(ShareXml, NeedsSharedMemoryForVirtioFsOnly) {
    VmShare share = plain_share();
    EXPECT_TRUE(needs_shared_memory(share));
    share.protocol = ShareProtocol::virtio_9p;
    EXPECT_FALSE(needs_shared_memory(share));
}

template <typename Change>
void expect_refused(Change change, const std::string& words) {
    VmShare share = plain_share();
    change(share);
    test::expect_error(
        [&] { return validate_share(share), 0; }, ErrorCode::invalid_argument, words);
}

TEST(ShareXml, RefusesWhatQemuWould) {
    EXPECT_NO_THROW(validate_share(plain_share()));
    expect_refused([](VmShare& share) { share.tag = "a\nb"; }, "control character in share tag");
    expect_refused([](VmShare& share) { share.server = "/a\nb"; }, "path of virtiofsd");
    expect_refused([](VmShare& share) { share.socket = "/" + std::string(200, 'a'); },
                   "longer than 107 bytes");
    expect_refused([](VmShare& share) { share.cache = "metadata"; }, "cache mode \"metadata\"");
    expect_refused([](VmShare& share) { share.queue_size = 1000; }, "power of 2");
    expect_refused([](VmShare& share) { share.protocol = ShareProtocol::virtio_9p; },
                   "needs a server's socket");
}

}  // namespace
}  // namespace kata::libvirt_driver
