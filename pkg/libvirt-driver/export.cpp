// What libkata-vm.so exports of this folder; the name is sandbox::kMakeHypervisorSymbol.
#include <memory>

#include "pkg/libvirt-driver/libvirt_hypervisor.h"
#include "pkg/sandbox/vm_backend.h"

extern "C" [[gnu::visibility("default")]] kata::sandbox::Hypervisor* kata_make_hypervisor(
    const char* uri) {
    // The caller takes ownership: a unique_ptr cannot pass a C symbol.
    return std::make_unique<kata::libvirt_driver::LibvirtHypervisor>(uri == nullptr ? "" : uri)
        .release();
}
