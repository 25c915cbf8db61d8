// Owners of libvirt's reference-counted objects. Each drops its one reference when it goes.
// Not thread-bound: libvirt objects may be used and freed on any thread.
#pragma once

#include <cstdlib>
#include <memory>

#include <libvirt/libvirt.h>

namespace kata::libvirt_driver {

/// Calls a C function that frees; its result (a reference count) tells us nothing.
template <auto Function>
struct FreeWith {
    template <typename Object>
    void operator()(Object* object) const noexcept {
        static_cast<void>(Function(object));
    }
};

using ConnectionHandle = std::unique_ptr<virConnect, FreeWith<virConnectClose>>;
using DomainHandle = std::unique_ptr<virDomain, FreeWith<virDomainFree>>;

/// Text that libvirt allocated with malloc.
struct FreeText {
    void operator()(char* text) const noexcept { std::free(text); }
};
using LibvirtText = std::unique_ptr<char, FreeText>;

}  // namespace kata::libvirt_driver
