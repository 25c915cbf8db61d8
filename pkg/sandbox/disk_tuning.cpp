#include "pkg/sandbox/disk_tuning.h"

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

DiskCache cache_of(const RuntimeConfig& config) {
    if (!config.block_device_cache_set) {
        return DiskCache::automatic;
    }
    if (config.block_device_cache_direct && config.block_device_cache_noflush) {
        throw Error(ErrorCode::invalid_argument,
                    "block_device_cache_direct and block_device_cache_noflush cannot both be true: "
                    "libvirt has no cache mode for it; set one of them");
    }
    if (config.block_device_cache_direct) {
        return DiskCache::none;
    }
    return config.block_device_cache_noflush ? DiskCache::unsafe : DiskCache::writeback;
}

void require_fitting(const DiskTuning& tuning) {
    if (tuning.aio == DiskAio::native && tuning.cache != DiskCache::none) {
        throw Error(ErrorCode::invalid_argument,
                    "block_device_aio \"native\" works without the host's cache only: set "
                    "block_device_cache_set and block_device_cache_direct to true, or another "
                    "block_device_aio");
    }
    const auto power_of_two = [](unsigned n) { return (n & (n - 1)) == 0; };
    if (!power_of_two(tuning.logical_sector_bytes) || !power_of_two(tuning.physical_sector_bytes) ||
        !power_of_two(tuning.queue_size)) {
        throw Error(ErrorCode::invalid_argument,
                    "block_device_logical_sector_size, block_device_physical_sector_size and "
                    "queue_size must be powers of two");
    }
    if (tuning.physical_sector_bytes > 0 &&
        tuning.logical_sector_bytes > tuning.physical_sector_bytes) {
        throw Error(ErrorCode::invalid_argument,
                    "block_device_logical_sector_size cannot be larger than "
                    "block_device_physical_sector_size");
    }
}

}  // namespace

unsigned disk_iothreads(const RuntimeConfig& config) {
    return (config.enable_iothreads ? 1 : 0) + config.indep_iothreads;
}

DiskTuning disk_tuning(const RuntimeConfig& config, std::size_t number) {
    DiskTuning tuning;
    tuning.driver = config.block_device_driver;
    tuning.cache = cache_of(config);
    tuning.aio = config.block_device_aio;
    tuning.logical_sector_bytes = config.block_device_logical_sector_size;
    tuning.physical_sector_bytes = config.block_device_physical_sector_size;
    tuning.queues = config.block_device_queues;
    tuning.queue_size = config.block_device_queue_size;
    if (const unsigned threads = disk_iothreads(config)) {
        tuning.iothread = static_cast<unsigned>(number % threads) + 1;
    }
    require_fitting(tuning);
    return tuning;
}

}  // namespace kata::sandbox
