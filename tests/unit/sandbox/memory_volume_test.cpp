#include "pkg/sandbox/memory_volume.h"

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

constexpr const char* kVolumes = "/var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~empty-dir/";

// As the kernel of a node shows what its kubelet has mounted.
constexpr const char* kNode =
    R"(24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 24 0:45 / /run rw,nosuid shared:9 - tmpfs tmpfs rw,size=1638400k,mode=755
512 24 0:61 / /var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~empty-dir/cache rw,relatime shared:270 - tmpfs tmpfs rw,seclabel,size=65536k,nr_inodes=9,inode64
513 24 0:62 / /var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~empty-dir/unlimited rw,relatime shared:271 - tmpfs tmpfs rw,inode64
514 24 0:63 / /var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~empty-dir/huge rw,relatime shared:272 - hugetlbfs nodev rw,seclabel,pagesize=2M
515 24 8:17 / /var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~empty-dir/disk rw shared:273 - ext4 /dev/sdb1 rw
516 24 0:64 / /var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~secret/token rw,relatime shared:274 - tmpfs tmpfs rw,size=100k
517 24 0:61 /part /var/lib/kubelet/pods/7a0e/volume-subpaths/cache/c/0 rw,relatime shared:270 - tmpfs tmpfs rw,size=65536k
)";

std::optional<MemoryVolume> volume_at(const std::string& path) {
    struct stat status {};
    status.st_mode = S_IFDIR | 02777;
    status.st_uid = 1000;
    status.st_gid = 2000;
    return memory_volume_of(path, status, base::parse_mount_table(kNode));
}

TEST(MemoryVolume, IsATmpfsOfTheSizeAndOwnersThatTheHostHas) {
    EXPECT_EQ(volume_at(kVolumes + std::string("cache")),
              (MemoryVolume{"tmpfs",
                            {"size=65536k", "nr_inodes=9", "mode=2777", "uid=1000", "gid=2000"}}));
}

TEST(MemoryVolume, HasNoSizeWhereTheHostNamesNone) {
    EXPECT_EQ(volume_at(kVolumes + std::string("unlimited")),
              (MemoryVolume{"tmpfs", {"mode=2777", "uid=1000", "gid=2000"}}));
}

TEST(MemoryVolume, HasTheHostsSizeOfHugePages) {
    EXPECT_EQ(volume_at(kVolumes + std::string("huge")),
              (MemoryVolume{"hugetlbfs", {"pagesize=2M", "mode=2777", "uid=1000", "gid=2000"}}));
}

TEST(MemoryVolume, IsNothingElseOfTheHosts) {
    for (const std::string& path : {
             kVolumes + std::string("disk"),
             kVolumes + std::string("on-the-root-file-system"),
             kVolumes + std::string("cache/below"),
             std::string("/run"),
             std::string("/var/lib/kubelet/pods/7a0e/volumes/kubernetes.io~secret/token"),
             std::string("/var/lib/kubelet/pods/7a0e/volume-subpaths/cache/c/0"),
         }) {
        EXPECT_FALSE(volume_at(path)) << path;
    }
}

TEST(MemoryVolume, IsWhatWasMountedLast) {
    const std::string path = kVolumes + std::string("cache");
    const std::string covered =
        std::string(kNode) + "600 512 8:17 / " + path + " rw - ext4 /dev/sdb1 rw\n";
    EXPECT_FALSE(memory_volume_of(path, {}, base::parse_mount_table(covered)));
}

}  // namespace
}  // namespace kata::sandbox
