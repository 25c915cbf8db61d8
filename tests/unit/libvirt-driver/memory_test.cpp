#include "pkg/libvirt-driver/memory.h"

#include <gtest/gtest.h>

#include "pkg/libvirt-driver/xml_text.h"

namespace kata::libvirt_driver {
namespace {

TEST(MemoryXml, IsADimmOnTheOnlyNode) {
    const std::string xml = build_memory_xml(512);
    EXPECT_EQ(select_text(xml, "/memory/@model", "xml").at(0), "dimm");
    EXPECT_EQ(select_text(xml, "/memory/target/size/@unit", "xml").at(0), "MiB");
    EXPECT_EQ(select_text(xml, "/memory/target/size/text()", "xml").at(0), "512");
    EXPECT_EQ(select_text(xml, "/memory/target/node/text()", "xml").at(0), "0");
}

// As libvirt 9.0 shows a domain into which two DIMMs were plugged.
TEST(PluggedMemory, IsTheSumOfTheDimms) {
    const auto dimm = [](const char* kibibytes) {
        return std::string("<memory model='dimm'><target><size unit='KiB'>") + kibibytes +
               "</size><node>0</node></target></memory>";
    };
    EXPECT_EQ(plugged_memory_mib("<domain><memory unit='KiB'>3145728</memory><devices>" +
                                 dimm("524288") + dimm("131072") + "</devices></domain>"),
              640U);
    EXPECT_EQ(plugged_memory_mib("<domain><memory>1</memory><devices/></domain>"), 0U);
}

// As libvirt 9.0 shows it.
constexpr const char* kVirtioMem =
    "<memory model='virtio-mem'><target><size unit='KiB'>1048576</size><node>0</node>"
    "<block unit='KiB'>2048</block><requested unit='KiB'>131072</requested>"
    "<current unit='KiB'>0</current></target><alias name='virtiomem0'/></memory>";

TEST(PluggedMemory, IsWhatAVirtioMemWasAskedFor) {
    EXPECT_EQ(
        plugged_memory_mib("<domain><devices>" + std::string(kVirtioMem) + "</devices></domain>"),
        128U);
}

TEST(VirtioMemXml, IsTheLiveDeviceAskedForMore) {
    const auto xml = build_virtio_mem_xml(
        "<domain><devices><memory model='dimm'/>" + std::string(kVirtioMem) + "</devices></domain>",
        256);
    ASSERT_TRUE(xml);
    EXPECT_EQ(select_text(*xml, "/memory/target/requested/text()", "xml").at(0), "393216");
    EXPECT_EQ(select_text(*xml, "/memory/target/size/text()", "xml").at(0), "1048576");
    EXPECT_EQ(select_text(*xml, "/memory/alias/@name", "xml").at(0), "virtiomem0");
}

TEST(VirtioMemXml, IsNoneForADomainWithoutTheDevice) {
    EXPECT_EQ(build_virtio_mem_xml("<domain><devices><memory model='dimm'/></devices></domain>", 1),
              std::nullopt);
}

}  // namespace
}  // namespace kata::libvirt_driver
