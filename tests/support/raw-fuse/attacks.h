// What a hostile guest's kernel asks virtiofsd for. Every function sends requests of one kind and
// reports each in one line; what may not be in them is for the reader of the lines to say.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/raw-fuse/fuse_guest.h"

namespace kata::raw_fuse {

/// Prints "name<TAB>ok, errno's name or no answer<TAB>detail".
void report(const std::string& name, const Reply& reply, const std::string& detail = "");

/// Where the guest is, and what it wants to leave.
struct Scene {
    FuseGuest& guest;
    std::string outside;   // absolute path of a directory with a file and a directory to be changed
    std::uint64_t root;    // of the share: read-only
    std::uint64_t rootfs;  // of a container in it, with what fuse.bats puts there
};

/// Names that are paths to the outside, for everything that takes a name.
void attack_names(Scene& scene);
/// ".." until there is nothing above.
void climb(Scene& scene);
/// Symbolic links of the container's that lead out.
void attack_links(Scene& scene);
/// Nodes of devices and a FIFO.
void attack_devices(Scene& scene);
/// Extended attributes that mean something to the host's kernel.
void attack_attributes(Scene& scene);
/// Inodes and handles that the server never gave, or has taken back.
void attack_handles(Scene& scene);
/// Requests that contradict themselves.
void send_malformed(Scene& scene);
/// What every guest does, and is served.
void send_decent(Scene& scene);

/// Sends what no server needs to survive. @throws ServerEnded, or std::invalid_argument for a name
/// that is none of short, no-room, outside, outside-answer, loop, forget, create (what exists),
/// init and destroy.
void send_fatal(Scene& scene, VhostUserFrontEnd& device, const std::string& which);

}  // namespace kata::raw_fuse
