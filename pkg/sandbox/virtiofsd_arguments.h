// The arguments of virtio_fs_extra_args. They may come from a container's annotation and reach a
// program that runs as root: only those that tune it are known here, and everything else is
// refused, whoever asks. Pure.
#pragma once

#include <string>
#include <vector>

namespace kata::sandbox {

struct VirtiofsdArguments {
    unsigned threads = 0;             // --thread-pool-size
    std::vector<std::string> others;  // spelt so that the virtiofsd of QEMU and the later one in
                                      // Rust both take them, as far as they know them
    bool operator==(const VirtiofsdArguments&) const = default;
};

/// @param arguments as on a command line; "-o" may be an element or the beginning of one.
/// @throws base::Error invalid_argument naming the argument that is not permitted.
[[nodiscard]] VirtiofsdArguments parse_virtiofsd_arguments(
    const std::vector<std::string>& arguments);

}  // namespace kata::sandbox
