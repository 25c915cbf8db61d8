#include "pkg/libvirt-driver/share_xml.h"

#include <bit>
#include <string>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/xml_build.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::ShareProtocol;
using sandbox::VmShare;

void add_server(pugi::xml_node filesystem, const VmShare& share) {
    pugi::xml_node binary = filesystem.append_child("binary");
    if (!share.server.empty()) {
        binary.append_attribute("path") = share.server.c_str();
    }
    binary.append_attribute("xattr") = "on";
    if (!share.cache.empty()) {
        add(binary, "cache", {{"mode", share.cache}});
    }
    if (share.threads > 0) {
        add(binary, "thread_pool", {{"size", std::to_string(share.threads)}});
    }
}

}  // namespace

void validate_share(const VmShare& share) {
    require_plain_text("shared directory", share.directory.native());
    require_plain_text("share tag", share.tag);
    require_plain_text("path of virtiofsd", share.server);
    require_socket_path(share.socket);
    if (!share.cache.empty() && share.cache != "none" && share.cache != "always") {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("libvirt does not know the cache mode \"{}\" of virtiofsd",
                                base::printable(share.cache, 64)));
    }
    if (share.queue_size != 0 && !std::has_single_bit(share.queue_size)) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("a queue of {} is not possible: it must be a power of 2",
                                share.queue_size));
    }
    if (share.protocol == ShareProtocol::virtio_9p && share.socket.empty()) {
        throw Error(ErrorCode::invalid_argument, "a virtio-9p share needs a server's socket");
    }
}

bool needs_shared_memory(const VmShare& share) {
    return share.protocol == ShareProtocol::virtio_fs;
}

void add_virtio_fs(pugi::xml_node devices, const VmShare& share) {
    pugi::xml_node filesystem = add(devices, "filesystem", {{"type", "mount"}});
    pugi::xml_node driver = add(filesystem, "driver", {{"type", "virtiofs"}});
    if (share.queue_size > 0) {
        driver.append_attribute("queue") = share.queue_size;
    }
    if (share.socket.empty()) {
        add_server(filesystem, share);
        add(filesystem, "source", {{"dir", share.directory.native()}});
    } else {
        add(filesystem, "source", {{"socket", share.socket.native()}});
    }
    add(filesystem, "target", {{"dir", share.tag}});
    add_root_bus_address(filesystem, kShareSlot);
}

void add_virtio_9p(pugi::xml_node domain, const VmShare& share) {
    add_qemu_arguments(
        domain,
        {"-fsdev",
         "proxy,id=share-files,socket=" + qemu_value(share.socket.native()),
         "-device",
         fmt::format("virtio-9p-pci,id=share,fsdev=share-files,mount_tag={},addr={:#04x}",
                     qemu_value(share.tag),
                     kBareShareSlot)});
}

}  // namespace kata::libvirt_driver
