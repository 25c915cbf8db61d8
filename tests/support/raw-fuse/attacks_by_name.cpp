#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>

#include "tests/support/raw-fuse/attacks.h"
#include "tests/support/raw-fuse/bytes.h"

namespace kata::raw_fuse {
namespace {

constexpr int kHeight = 16;

// A directory of the share, and the names by which the outside might be reached from it.
struct Way {
    std::string words;
    std::uint64_t parent = 0;
    std::string own;             // something that is in the directory
    std::uint64_t own_node = 0;  // for a hard link
    std::string canary;          // a file outside
    std::string canaries;        // a directory outside
    std::string escaped;         // nothing yet
};

std::string mknod_body(std::uint32_t mode, const std::string& name) {
    fuse_mknod_in node{};
    node.mode = mode;
    node.rdev = static_cast<std::uint32_t>(::makedev(1, 5));
    return bytes_of(node) + name_bytes(name);
}

std::string create_body(const std::string& name) {
    fuse_create_in create{};
    create.flags = O_RDWR | O_CREAT | O_TRUNC;
    create.mode = S_IFREG | 0666;
    return bytes_of(create) + name_bytes(name);
}

std::string mkdir_body(const std::string& name) {
    return bytes_of(fuse_mkdir_in{0755, 0}) + name_bytes(name);
}

std::string rename_body(const Way& way, const std::string& from, const std::string& to) {
    return bytes_of(fuse_rename_in{way.parent}) + name_bytes(from) + name_bytes(to);
}

std::string rename2_body(const Way& way, std::uint32_t flags, const std::string& to) {
    return bytes_of(fuse_rename2_in{way.parent, flags, 0}) + name_bytes(way.own) + name_bytes(to);
}

void change(Scene& scene, const Way& way) {
    const auto send = [&](const char* what, std::uint32_t opcode, const std::string& body) {
        report(what + way.words, scene.guest.ask(opcode, way.parent, body));
    };
    send("unlink ", FUSE_UNLINK, name_bytes(way.canary));
    send("rmdir ", FUSE_RMDIR, name_bytes(way.canaries));
    send("rename from ", FUSE_RENAME, rename_body(way, way.canary, "stolen"));
    send("rename to ", FUSE_RENAME, rename_body(way, way.own, way.escaped));
    send("rename2 over ", FUSE_RENAME2, rename2_body(way, 0, way.canary));
    send("rename2 with ", FUSE_RENAME2, rename2_body(way, RENAME_EXCHANGE, way.canary));
    send("create over ", FUSE_CREATE, create_body(way.canary));
    send("link to ", FUSE_LINK, bytes_of(fuse_link_in{way.own_node}) + name_bytes(way.escaped));
    send("symlink at ", FUSE_SYMLINK, name_bytes(way.escaped) + name_bytes("target"));
    send("mknod block ", FUSE_MKNOD, mknod_body(S_IFBLK | 0666, way.escaped));
    send("mknod char ", FUSE_MKNOD, mknod_body(S_IFCHR | 0666, way.escaped));
    send("mknod file ", FUSE_MKNOD, mknod_body(S_IFREG | 0666, way.escaped));
    send("mkdir ", FUSE_MKDIR, mkdir_body(way.escaped));
    send("create ", FUSE_CREATE, create_body(way.escaped));
}

void attack_from(Scene& scene, const Way& directory, const std::string& down) {
    const auto by = [&](const std::string& words, const std::string& prefix) {
        Way way = directory;
        way.words = words + " of " + directory.words;
        way.canary = prefix + "canary";
        way.canaries = prefix + "canaries";
        way.escaped = prefix + "escaped";
        report("lookup " + way.words, scene.guest.lookup(way.parent, way.canary));
        change(scene, way);
    };
    by("../name", "../");
    by("down/../../name", down + "/../../");
    by("/name", scene.outside + "/");
    Way parent = directory;
    parent.words = ".. of " + directory.words;
    parent.canary = parent.canaries = parent.escaped = "..";
    change(scene, parent);
}

std::string names_in(const std::string& directory) {
    std::string names;
    std::size_t at = 0;
    while (at + sizeof(fuse_dirent) <= directory.size()) {
        const auto entry = value_in<fuse_dirent>(directory, at);
        names += directory.substr(at + FUSE_NAME_OFFSET, entry.namelen) + " ";
        at += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.namelen);
    }
    return names;
}

Reply change_attributes(Scene& scene, std::uint64_t node, std::uint32_t valid) {
    fuse_setattr_in wanted{};
    wanted.valid = valid;
    wanted.mode = 04777;
    wanted.uid = 12345;
    return scene.guest.ask(FUSE_SETATTR, node, bytes_of(wanted));
}

// Everything that might open what a node stands for.
void report_on(Scene& scene, const std::string& name, std::uint64_t node) {
    FuseGuest& guest = scene.guest;
    report("readlink " + name, guest.ask(FUSE_READLINK, node, ""));
    report("open " + name, guest.open(node, O_RDWR | O_NONBLOCK));
    report("read " + name, guest.open(node, O_RDONLY));
    report("opendir " + name, guest.ask(FUSE_OPENDIR, node, bytes_of(fuse_open_in{})));
    report("create " + name, guest.ask(FUSE_CREATE, scene.rootfs, create_body(name)));
    report("truncate " + name, change_attributes(scene, node, FATTR_SIZE));
    report("chmod " + name, change_attributes(scene, node, FATTR_MODE));
    report("chown " + name, change_attributes(scene, node, FATTR_UID | FATTR_MTIME));
    const std::string another = bytes_of(fuse_link_in{node}) + name_bytes(name + "-too");
    report("link " + name, guest.ask(FUSE_LINK, scene.rootfs, another));
}

}  // namespace

void attack_names(Scene& scene) {
    const std::uint64_t file = scene.guest.find(scene.rootfs, "file");
    attack_from(scene, {"root", scene.root, "container", file, "", "", ""}, "container");
    attack_from(scene, {"rootfs", scene.rootfs, "file", file, "", "", ""}, "directory");
}

void climb(Scene& scene) {
    std::uint64_t top = scene.rootfs;
    for (int i = 0; i < kHeight; ++i) {
        const Reply above = scene.guest.lookup(top, "..");
        if (!above.ok()) {
            break;
        }
        top = value_in<fuse_entry_out>(above.body).nodeid;
    }
    report("lookup canary at the top", scene.guest.lookup(top, "canary"));
    report("create escaped at the top", scene.guest.ask(FUSE_CREATE, top, create_body("escaped")));
    const Reply opened = scene.guest.ask(FUSE_OPENDIR, top, bytes_of(fuse_open_in{}));
    fuse_read_in read{};
    read.fh = value_in<fuse_open_out>(opened.body).fh;
    read.size = 4096;
    const Reply listed = scene.guest.ask(FUSE_READDIR, top, bytes_of(read));
    report("readdir at the top", listed, names_in(listed.body));
    fuse_release_in release{};
    release.fh = read.fh;
    scene.guest.ask(FUSE_RELEASEDIR, top, bytes_of(release));
}

void attack_links(Scene& scene) {
    const std::uint64_t file = scene.guest.find(scene.rootfs, "file");
    for (const char* name : {"absolute", "relative", "dangling", "elsewhere"}) {
        const std::uint64_t link = scene.guest.find(scene.rootfs, name);
        report_on(scene, name, link);
        Way below{"below " + std::string(name), link, "canary", file, "", "", "escaped"};
        report("lookup " + below.words, scene.guest.lookup(link, "canary"));
        below.canary = "canary";
        below.canaries = "canaries";
        change(scene, below);
    }
}

void attack_devices(Scene& scene) {
    FuseGuest& guest = scene.guest;
    report("mknod block in rootfs",
           guest.ask(FUSE_MKNOD, scene.rootfs, mknod_body(S_IFBLK | 0666, "made-block")));
    report("mknod char in rootfs",
           guest.ask(FUSE_MKNOD, scene.rootfs, mknod_body(S_IFCHR | 0666, "made-char")));
    for (const char* name : {"made-char", "disk", "zero", "fifo"}) {
        const Reply found = guest.lookup(scene.rootfs, name);
        if (found.ok()) {
            report_on(scene, name, value_in<fuse_entry_out>(found.body).nodeid);
        }
    }
}

}  // namespace kata::raw_fuse
