// Swap space of the guest on a disk that the host has given to it for nothing else.
#pragma once

#include <cstdint>
#include <string>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

/// The first page of swap space, as mkswap(8) writes it (version 1, no bad pages, no name).
/// @param bytes of the whole space. @throws base::Error invalid_argument if that is less than the
/// kernel takes, 10 pages.
[[nodiscard]] std::string swap_header(std::uint64_t bytes, std::size_t page_size);

/// Waits for the disk, makes it swap space and uses it. What the guest swaps in again is discarded
/// on the disk. @param driver "blk" or "scsi".
void swap_on(const std::string& driver, const std::string& serial, base::Deadline deadline);

}  // namespace kata::agent::guest
