// How a VM is connected to the interfaces of its container's network namespace.
#pragma once

namespace kata::sandbox {

enum class InternetworkingModel {
    tcfilter,  // a tap in the namespace; what arrives at one of the two goes out of the other
    macvtap,   // a macvtap on the interface
    none,      // not at all
};

}  // namespace kata::sandbox
