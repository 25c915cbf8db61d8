// Devices of CDI that a container's annotations ask the guest for, and those that the runtime asks
// for itself: NVIDIA's display devices among the container's hardware.
#include "pkg/oci/cdi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/cdi_annotations.h"
#include "pkg/sandbox/sandbox_vfio.h"
#include "tests/unit/sandbox/vfio_host.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using oci::CdiName;
using test::expect_error;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class CdiTest : public testing::Test {
  protected:
    void make_display(unsigned group,
                      const std::string& address,
                      const std::string& vendor = "0x10de",
                      const std::string& pci_class = "0x030200") {
        host_.add_device(group, address, pci_class, "vfio-pci");
        host_.write(
            "sys/kernel/iommu_groups/" + std::to_string(group) + "/devices/" + address + "/vendor",
            vendor + "\n");
    }
    void give(const std::string& group) { plan_.groups.emplace_back().name = group; }
    [[nodiscard]] std::map<std::string, std::string> annotations(
        const std::vector<std::string>& given = {}) const {
        return cdi_annotations(spec_, plan_, given, host_.view());
    }

    test::VfioHost host_;
    oci::Spec spec_;
    VfioPlan plan_;
};

TEST_F(CdiTest, AnnotationsOfTheSpecGoToTheGuestAndOthersDoNot) {
    spec_.annotations = {{"cdi.k8s.io/a", "v.com/c=x,v.com/c=y"},
                         {"cdi.k8s.io", "nothing"},
                         {"io.katacontainers.config.agent.x", "1"}};
    EXPECT_THAT(annotations(), ElementsAre(Pair("cdi.k8s.io/a", "v.com/c=x,v.com/c=y")));
    EXPECT_THAT(oci::parse_cdi_annotation("cdi.k8s.io/a", "v.com/c=x,v.com/c=y:0"),
                ElementsAre(CdiName{"v.com/c", "x"}, CdiName{"v.com/c", "y:0"}));
}

TEST_F(CdiTest, AnnotationsThatNameNoDeviceAreRefused) {
    const std::string long_class(64, 'c');
    const std::string values[] = {"",
                                  "gpu",
                                  "v.com/c",
                                  "v.com/c=",
                                  "v.com=x",
                                  "/c=x",
                                  "v.com/=x",
                                  "1.com/c=x",
                                  "v.com-/c=x",
                                  "v.com/c=-x",
                                  "v.com/c/d=x",
                                  "v.com/c=x y",
                                  "v.com/c=x,",
                                  "v.com/c=x, v.com/c=y",
                                  "v.com/" + long_class + "=x"};
    for (const std::string& value : values) {
        spec_.annotations = {{"cdi.k8s.io/mine", value}};
        expect_error([&] { return annotations(); },
                     ErrorCode::invalid_argument,
                     "annotation \"cdi.k8s.io/mine\": \"");
    }
    spec_.annotations = {{"cdi.k8s.io/mine", "v.com/c=x,gpu"}};
    expect_error([&] { return annotations(); },
                 ErrorCode::invalid_argument,
                 "annotation \"cdi.k8s.io/mine\": \"gpu\" is no device of CDI; write "
                 "vendor.com/class=name, and commas between several");
}

TEST_F(CdiTest, OfDisplayDevicesOfNvidiaAreAddedInTheOrderTheyAreGiven) {
    make_display(40, "0000:81:00.0");
    host_.add_device(40, "0000:81:00.1", "0x040300", "vfio-pci");  // its sound
    make_display(41, "0000:01:00.0", "0x10de", "0x030000");
    make_display(41, "0000:02:00.0");
    make_display(42, "0000:03:00.0", "0x1002");
    make_display(43, "0000:04:00.0", "0x10de", "0x020000");
    for (const char* group : {"vfio-12", "vfio-40", "vfio-42", "vfio-43", "vfio-41"}) {
        give(group);
    }
    EXPECT_THAT(annotations(),
                ElementsAre(Pair("cdi.k8s.io/vfio40", "nvidia.com/gpu=0"),
                            Pair("cdi.k8s.io/vfio41", "nvidia.com/gpu=1,nvidia.com/gpu=2")));
}

TEST_F(CdiTest, OfAVirtualDisplayAreAddedForTheCardItIsAPartOf) {
    host_.write("sys/devices/pci0/0000:05:00.0/vendor", "0x10de\n");
    host_.write("sys/devices/pci0/0000:05:00.0/class", "0x030000\n");
    host_.write("sys/devices/pci0/0000:05:00.0/uuid/mdev_type/name", "GRID\n");
    std::filesystem::create_directories(host_ / "sys/kernel/iommu_groups/50/devices");
    std::filesystem::create_symlink("../../../../devices/pci0/0000:05:00.0/uuid",
                                    host_ / "sys/kernel/iommu_groups/50/devices/uuid");
    give("vfio-50");
    EXPECT_THAT(annotations(), ElementsAre(Pair("cdi.k8s.io/vfio50", "nvidia.com/gpu=0")));
}

TEST_F(CdiTest, OfTheSpecAreNotReplaced) {
    make_display(40, "0000:81:00.0");
    make_display(41, "0000:82:00.0");
    give("vfio-40");
    give("vfio-41");
    spec_.annotations = {{"cdi.k8s.io/vfio40", "nvidia.com/gpu=all"}};
    EXPECT_THAT(annotations(),
                ElementsAre(Pair("cdi.k8s.io/vfio40", "nvidia.com/gpu=all"),
                            Pair("cdi.k8s.io/vfio41", "nvidia.com/gpu=1")));
}

TEST_F(CdiTest, OfAMemberOfAPodCountWhatItsVmHasAlready) {
    make_display(40, "0000:81:00.0");
    make_display(41, "0000:82:00.0");
    make_display(42, "0000:83:00.0");
    give("vfio-42");
    give("vfio-41");
    EXPECT_THAT(annotations({"vfio-40", "vfio-41"}),
                ElementsAre(Pair("cdi.k8s.io/vfio41", "nvidia.com/gpu=1"),
                            Pair("cdi.k8s.io/vfio42", "nvidia.com/gpu=2")));
}

TEST_F(CdiTest, AreNoneForTheSandboxOfAPod) {
    make_display(40, "0000:81:00.0");
    give("vfio-40");
    spec_.annotations = {{"cdi.k8s.io/a", "v.com/c=x"},
                         {"io.kubernetes.cri.container-type", "sandbox"}};
    EXPECT_THAT(annotations(), IsEmpty());
    spec_.annotations["io.kubernetes.cri.container-type"] = "container";
    EXPECT_THAT(annotations(),
                ElementsAre(Pair("cdi.k8s.io/a", "v.com/c=x"),
                            Pair("cdi.k8s.io/vfio40", "nvidia.com/gpu=0")));
}

TEST_F(CdiTest, GroupsThatAVmHasAreThoseOfItsJournal) {
    const test::TemporaryDirectory directory;
    base::NullLog log;
    const ContainerPlace place{oci::ContainerId("c"), "sb", directory.path(), directory / "c"};
    EXPECT_THAT(given_groups(place, log), IsEmpty());
    Journal journal(place.journal(), "c");
    journal.record(Effect::Kind::vfio, to_text(VfioEffect{"uuid", "vfio-41", "/n", {}, {}}));
    journal.record(Effect::Kind::directory, "/not/hardware");
    journal.record(Effect::Kind::vfio, to_text(VfioEffect{"uuid", "vfio-40", "/n", {}, {}}));
    EXPECT_THAT(given_groups(place, log), ElementsAre("vfio-41", "vfio-40"));
}

}  // namespace
}  // namespace kata::sandbox
