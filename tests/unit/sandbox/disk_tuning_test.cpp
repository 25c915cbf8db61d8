#include "pkg/sandbox/disk_tuning.h"

#include <gtest/gtest.h>

#include "pkg/sandbox/disk_access.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::failure_of;

DiskCache cache_with(bool set, bool direct, bool noflush) {
    RuntimeConfig config;
    config.block_device_cache_set = set;
    config.block_device_cache_direct = direct;
    config.block_device_cache_noflush = noflush;
    return disk_tuning(config, 0).cache;
}

TEST(DiskTuning, MapsTheCacheFlagsToLibvirtsModes) {
    EXPECT_EQ(cache_with(false, true, true), DiskCache::automatic);
    EXPECT_EQ(cache_with(true, false, false), DiskCache::writeback);
    EXPECT_EQ(cache_with(true, true, false), DiskCache::none);
    EXPECT_EQ(cache_with(true, false, true), DiskCache::unsafe);
    EXPECT_EQ(failure_of([] { static_cast<void>(cache_with(true, true, true)); }).code(),
              ErrorCode::invalid_argument);
}

TEST(DiskTuning, HasTheQueuesAndSectorsOfTheConfiguration) {
    RuntimeConfig config;
    config.block_device_driver = DiskDriver::virtio_scsi;
    config.block_device_aio = DiskAio::io_uring;
    config.block_device_queues = 4;
    config.block_device_queue_size = 256;
    config.block_device_logical_sector_size = 512;
    config.block_device_physical_sector_size = 4096;
    const DiskTuning tuning = disk_tuning(config, 0);
    EXPECT_EQ(tuning.driver, DiskDriver::virtio_scsi);
    EXPECT_EQ(tuning.aio, DiskAio::io_uring);
    EXPECT_EQ(tuning.queues, 4U);
    EXPECT_EQ(tuning.queue_size, 256U);
    EXPECT_EQ(tuning.logical_sector_bytes, 512U);
    EXPECT_EQ(tuning.physical_sector_bytes, 4096U);
}

TEST(DiskTuning, LetsDisksTakeTurnsOnTheThreads) {
    RuntimeConfig config;
    EXPECT_EQ(disk_iothreads(config), 0U);
    EXPECT_EQ(disk_tuning(config, 3).iothread, 0U);
    config.enable_iothreads = true;
    config.indep_iothreads = 2;
    EXPECT_EQ(disk_iothreads(config), 3U);
    EXPECT_EQ(disk_tuning(config, 0).iothread, 1U);
    EXPECT_EQ(disk_tuning(config, 5).iothread, 3U);
}

TEST(DiskTuning, RefusesWhatCannotWork) {
    RuntimeConfig native;
    native.block_device_aio = DiskAio::native;
    RuntimeConfig odd;
    odd.block_device_logical_sector_size = 513;
    RuntimeConfig reversed;
    reversed.block_device_logical_sector_size = 4096;
    reversed.block_device_physical_sector_size = 512;
    RuntimeConfig queue;
    queue.block_device_queue_size = 100;
    for (const RuntimeConfig& config : {native, odd, reversed, queue}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(disk_tuning(config, 0)); }).code(),
                  ErrorCode::invalid_argument);
    }
    native.block_device_cache_set = true;
    native.block_device_cache_direct = true;
    EXPECT_EQ(disk_tuning(native, 0).aio, DiskAio::native);
}

TEST(DiskEffect, SurvivesTheJournal) {
    DiskEffect effect;
    effect.vm_uuid = "uuid";
    effect.serial = "kata1";
    effect.path = "/x/\"y\"";
    effect.listed_user = 64055;
    effect.claim = "/claim";
    effect.is_block_device = false;
    effect.read_only = true;
    const DiskEffect read = parse_disk_effect(to_text(effect));
    EXPECT_EQ(read.vm_uuid, "uuid");
    EXPECT_EQ(read.serial, "kata1");
    EXPECT_EQ(read.path, "/x/\"y\"");
    EXPECT_EQ(read.listed_user, std::optional<uid_t>(64055));
    EXPECT_EQ(read.claim, "/claim");
    EXPECT_FALSE(read.is_block_device);
    EXPECT_TRUE(read.read_only);
    EXPECT_EQ(failure_of([] { static_cast<void>(parse_disk_effect("{}")); }).code(),
              ErrorCode::internal);
}

}  // namespace
}  // namespace kata::sandbox
