// SharedFs: by what means a container's files come into its guest.
#pragma once

namespace kata::sandbox {

enum class SharedFs {
    virtio_fs,  // live, through a virtiofsd
    virtio_9p,  // live, through QEMU's 9p proxy
    none,       // copied once, at create
};

}  // namespace kata::sandbox
