#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <stdexcept>

#include "tests/support/raw-fuse/attacks.h"
#include "tests/support/raw-fuse/bytes.h"

namespace kata::raw_fuse {
namespace {

constexpr std::uint64_t kMadeUp = 0xdead;

Reply set_attribute(Scene& scene, std::uint64_t node, const char* name, const std::string& value) {
    // The fields of a conversation in which FUSE_SETXATTR_EXT was not agreed on.
    const std::array<std::uint32_t, 2> head{static_cast<std::uint32_t>(value.size()), 0};
    return scene.guest.ask(FUSE_SETXATTR, node, bytes_of(head) + name_bytes(name) + value);
}

// The requests whose first field is a handle. The rest of each is small numbers and zeros.
void use_handle(Scene& scene, const std::string& words, std::uint64_t node, std::uint64_t handle) {
    struct Use {
        const char* name;
        std::uint32_t opcode;
        std::size_t size = 64;
    };
    constexpr std::array kUses{Use{"read", FUSE_READ},
                               Use{"write", FUSE_WRITE, sizeof(fuse_write_in) + 8},
                               Use{"readdir", FUSE_READDIR},
                               Use{"fsync", FUSE_FSYNC},
                               Use{"fallocate", FUSE_FALLOCATE},
                               Use{"lseek", FUSE_LSEEK},
                               Use{"copy", FUSE_COPY_FILE_RANGE},
                               Use{"flush", FUSE_FLUSH},
                               Use{"release", FUSE_RELEASE}};
    const std::array<std::uint64_t, 8> fields{handle, 0, 8};
    for (const Use& use : kUses) {
        const std::string body = bytes_of(fields).substr(0, use.size);
        report(use.name + words, scene.guest.ask(use.opcode, node, body));
    }
}

void use_node(Scene& scene, const std::string& words, std::uint64_t node) {
    FuseGuest& guest = scene.guest;
    report("getattr" + words, guest.ask(FUSE_GETATTR, node, bytes_of(fuse_getattr_in{})));
    report("open" + words, guest.open(node, O_RDWR));
    report("lookup" + words, guest.lookup(node, "canary"));
    report("mkdir" + words,
           guest.ask(FUSE_MKDIR, node, bytes_of(fuse_mkdir_in{0755, 0}) + name_bytes("escaped")));
    report("setxattr" + words, set_attribute(scene, node, "user.name", "value"));
    report("link" + words,
           guest.ask(FUSE_LINK, scene.rootfs, bytes_of(fuse_link_in{node}) + name_bytes("stolen")));
}

void forget(Scene& scene, std::uint64_t node, std::uint64_t times) {
    scene.guest.tell(FUSE_FORGET, node, bytes_of(fuse_forget_in{times}));
}

std::uint64_t open_file(Scene& scene, std::uint64_t node) {
    const Reply opened = scene.guest.open(node, O_RDWR);
    if (!opened.ok()) {
        throw std::runtime_error("a file of the container's cannot be opened");
    }
    return value_in<fuse_open_out>(opened.body).fh;
}

void release(Scene& scene, std::uint64_t node, std::uint64_t handle) {
    fuse_release_in body{};
    body.fh = handle;
    scene.guest.ask(FUSE_RELEASE, node, bytes_of(body));
}

std::string with_length(std::string request, std::uint32_t length) {
    return request.replace(0, sizeof length, bytes_of(length));
}

void send_pieces(VhostUserFrontEnd& device, const std::vector<Piece>& pieces) {
    device.exchange(VhostUserFrontEnd::Queue::request, pieces);
}

}  // namespace

void attack_attributes(Scene& scene) {
    const std::uint64_t file = scene.guest.find(scene.rootfs, "file");
    for (const char* name : {"trusted.overlay.opaque",
                             "trusted.name",
                             "security.name",
                             "security.selinux",
                             "security.ima",
                             "system.name"}) {
        report(std::string("setxattr ") + name, set_attribute(scene, file, name, "value"));
    }
    for (const char* link : {"absolute", "relative", "elsewhere"}) {
        const std::uint64_t node = scene.guest.find(scene.rootfs, link);
        for (const char* name : {"user.name", "trusted.name", "security.name"}) {
            report(std::string("setxattr ") + name + " of " + link,
                   set_attribute(scene, node, name, "value"));
        }
    }
}

void attack_handles(Scene& scene) {
    use_node(scene, " of a made-up inode", kMadeUp);
    use_node(scene, " of inode -1", ~std::uint64_t{0});
    const std::uint64_t forgotten = scene.guest.find(scene.rootfs, "forgotten");
    forget(scene, forgotten, 1);
    use_node(scene, " of a forgotten inode", forgotten);
    const std::uint64_t file = scene.guest.find(scene.rootfs, "file");
    use_handle(scene, " by a made-up handle", file, kMadeUp);
    use_handle(scene, " by handle -1", file, ~std::uint64_t{0});
    const std::uint64_t closed = open_file(scene, file);
    release(scene, file, closed);
    use_handle(scene, " by a closed handle", file, closed);
}

void send_malformed(Scene& scene) {
    FuseGuest& guest = scene.guest;
    const auto lookup = [&] { return guest.request(FUSE_LOOKUP, scene.rootfs, name_bytes("no")); };
    report("unknown opcode", guest.ask(4000, scene.rootfs, "body"));
    report("length above what is there", guest.ask_raw(with_length(lookup(), 60000), guest.kRoom));
    report("length below the header's", guest.ask_raw(with_length(lookup(), 8), guest.kRoom));
    report("name without an end", guest.ask(FUSE_LOOKUP, scene.rootfs, "file"));
    report("no name", guest.ask(FUSE_LOOKUP, scene.rootfs, ""));
    report("empty name", guest.ask(FUSE_MKDIR, scene.rootfs, bytes_of(fuse_mkdir_in{}) + '\0'));
    report("fields cut off", guest.ask(FUSE_CREATE, scene.rootfs, "1234"));
    report("one name of two", guest.ask(FUSE_SYMLINK, scene.rootfs, name_bytes("escaped")));
    const std::uint64_t file = guest.find(scene.rootfs, "file");
    const std::array<std::uint32_t, 2> more{60000, 0};
    report("value shorter than it says",
           guest.ask(FUSE_SETXATTR, file, bytes_of(more) + name_bytes("user.name") + "value"));
    fuse_write_in write{};
    write.fh = open_file(scene, file);
    write.size = 60000;
    report("data shorter than it says", guest.ask(FUSE_WRITE, file, bytes_of(write) + "content"));
    report("read of more than the room", guest.read(file, write.fh, 0x7fffffff));
    release(scene, file, write.fh);
    report("room below the answer's",
           guest.ask_raw(guest.request(FUSE_LOOKUP, scene.rootfs, name_bytes("file")), 4));
}

void send_decent(Scene& scene) {
    const Reply found = scene.guest.lookup(scene.rootfs, "file");
    report("lookup file", found);
    if (!found.ok()) {
        return;
    }
    const std::uint64_t file = value_in<fuse_entry_out>(found.body).nodeid;
    const std::uint64_t handle = open_file(scene, file);
    const Reply content = scene.guest.read(file, handle, 4096);
    report("read file", content, content.body.substr(0, content.body.find('\n')));
    release(scene, file, handle);
}

void send_fatal(Scene& scene, VhostUserFrontEnd& device, const std::string& which) {
    constexpr std::uint64_t kPlace = VhostUserFrontEnd::kBufferAddress;
    constexpr std::uint64_t kNowhere = std::uint64_t{1} << 40;
    FuseGuest& guest = scene.guest;
    const std::string request = guest.request(FUSE_LOOKUP, scene.rootfs, name_bytes("file"));
    request.copy(device.buffer().data(), request.size());
    const Piece whole{kPlace, static_cast<std::uint32_t>(request.size())};
    const Piece answer{kPlace + 4096, 4096, true};
    if (which == "short") {
        send_pieces(device, {{kPlace, 8}, answer});
    } else if (which == "no-room") {
        send_pieces(device, {whole});
    } else if (which == "outside") {
        send_pieces(device, {{kNowhere, whole.size}, answer});
    } else if (which == "outside-answer") {
        send_pieces(device, {whole, {kNowhere, 4096, true}});
    } else if (which == "loop") {
        send_pieces(device, {whole, {kPlace + 4096, 4096, true, 0}});
    } else if (which == "forget") {
        forget(scene, guest.find(scene.rootfs, "file"), 1000);
    } else if (which == "create") {
        fuse_create_in create{};
        create.flags = O_RDWR | O_CREAT;
        guest.ask(FUSE_CREATE, scene.rootfs, bytes_of(create) + name_bytes("file"));
    } else if (which == "init") {
        const FuseGuest again(device);
    } else if (which == "destroy") {
        guest.ask(FUSE_DESTROY, 0, "");
    } else {
        throw std::invalid_argument("no request \"" + which + "\"");
    }
}

}  // namespace kata::raw_fuse
