// raw-fuse: a hostile guest without a virtual machine. It makes a share as the runtime does, has it
// served by virtiofsd as the runtime or libvirt does, and speaks vhost-user and FUSE to that as a
// guest's kernel could. One line per request says what became of it: name, result, detail.
//
//   raw-fuse WORK runtime|libvirt requests    everything that must be refused, and what must not
//   raw-fuse WORK runtime|libvirt REQUEST     one that may end the server (attacks.h, send_fatal)
//
// WORK holds bundle/rootfs and an empty state, and is what the requests try to get at. Ends with 1
// if not all of it could be done.
#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>

#include "pkg/base/error.h"
#include "tests/support/raw-fuse/attacks.h"
#include "tests/support/raw-fuse/fuse_guest.h"
#include "tests/support/raw-fuse/served_share.h"
#include "tests/support/raw-fuse/vhost_user.h"

namespace kata::raw_fuse {

void report(const std::string& name, const Reply& reply, const std::string& detail) {
    std::string result = "no answer";
    if (reply.ok()) {
        result = "ok";
    } else if (reply.answered) {
        const char* error = ::strerrorname_np(reply.error);
        result = error != nullptr ? error : std::to_string(reply.error);
    }
    std::cout << name << '\t' << result << '\t' << base::printable(detail) << '\n';
}

namespace {

// What is mounted for the share is nobody else's, and ends with us.
void leave_mount_namespace() {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        throw base::errno_error("leave the mount namespace", "", errno);
    }
}

void send_requests(Scene& scene) {
    attack_names(scene);
    climb(scene);
    attack_links(scene);
    attack_devices(scene);
    attack_attributes(scene);
    attack_handles(scene);
    send_malformed(scene);
    send_decent(scene);
}

void send(Scene& scene, VhostUserFrontEnd& device, const std::string& which) {
    if (which == "requests") {
        send_requests(scene);
        return;
    }
    try {
        send_fatal(scene, device, which);
        send_decent(scene);
    } catch (const ServerEnded&) {
        std::cout << which << "\tended\t\n";
    }
}

void converse(const ServedShare& share, const std::string& outside, const std::string& which) {
    VhostUserFrontEnd device(share.connect());
    FuseGuest guest(device);
    const std::uint64_t container = guest.find(FUSE_ROOT_ID, ServedShare::kContainer);
    Scene scene{guest, outside, FUSE_ROOT_ID, guest.find(container, "rootfs")};
    send(scene, device, which);
}

int run(std::span<char*> arguments) {
    if (arguments.size() != 4) {
        throw std::invalid_argument("usage: raw-fuse WORK runtime|libvirt requests|REQUEST");
    }
    const std::filesystem::path work = arguments[1];
    const bool by_libvirt = std::string(arguments[2]) == "libvirt";
    leave_mount_namespace();
    const ServedShare share(work, by_libvirt ? Starter::libvirt : Starter::runtime);
    converse(share, work, arguments[3]);
    std::cout << "server\t" << (share.ends() ? "ended" : "stays") << "\t\n";
    return 0;
}

}  // namespace
}  // namespace kata::raw_fuse

int main(int argc, char** argv) {
    try {
        return kata::raw_fuse::run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception& error) {
        std::cout << std::flush;
        std::cerr << "raw-fuse: " << error.what() << '\n';
        return 1;
    }
}
