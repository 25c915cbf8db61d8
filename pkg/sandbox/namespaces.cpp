#include "pkg/sandbox/namespaces.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

struct SharedType {
    const char* name;    // in a spec
    const char* file;    // in /proc/<pid>/ns
    const char* option;  // of docker and podman
};
constexpr std::array<SharedType, 3> kSharedTypes{
    {{"ipc", "ipc", "--ipc"}, {"uts", "uts", "--uts"}, {"pid", "pid", "--pid"}}};

struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
};

std::optional<Identity> identity_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return Identity{status.st_dev, status.st_ino};
}

std::string namespace_of(const std::string& process, const char* file) {
    return "/proc/" + process + "/ns/" + file;
}

Identity required_identity(const std::string& path) {
    if (const auto identity = identity_of(path)) {
        return *identity;
    }
    throw base::errno_error("join namespace", base::printable(path, 256), errno);
}

bool is_of_host(const Identity& identity, const char* file) {
    return identity_of(namespace_of("self", file)) == identity ||
           identity_of(namespace_of("1", file)) == identity;
}

const PodMember* owner_of(const Identity& identity,
                          const char* file,
                          const std::vector<PodMember>& members) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const PodMember& member) {
        return member.shim > 0 &&
               identity_of(namespace_of(std::to_string(member.shim), file)) == identity;
    });
    return found == members.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_sharing(const SharedType& type, const std::string& path) {
    throw base::Error(
        base::ErrorCode::unsupported,
        std::string("linux.namespaces cannot have the ") + type.name + " namespace \"" +
            base::printable(path, 256) +
            "\": it is not of a container in the same VM; put both containers into one pod "
            "(podman --pod, Kubernetes), or leave out " +
            type.option + " container:...");
}

void resolve_shared(const SharedType& type,
                    const oci::Spec& spec,
                    const std::vector<PodMember>& members,
                    GuestNamespaces& resolved) {
    const oci::Namespace* wanted = oci::find_namespace(spec, type.name);
    if (wanted == nullptr || wanted->path.empty()) {
        return;
    }
    const Identity identity = required_identity(wanted->path);
    // A member that uses the host's uses the guest's, too.
    if (is_of_host(identity, type.file)) {
        resolved.of_guest.insert(type.name);
    } else if (const PodMember* owner = owner_of(identity, type.file, members)) {
        resolved.of_member[type.name] = owner->id;
    } else {
        refuse_sharing(type, wanted->path);
    }
}

// With all the others dead nobody knows any more which network the VM has.
void require_network_of_pod(const oci::Spec& spec, const std::vector<PodMember>& members) {
    const oci::Namespace* wanted = oci::find_namespace(spec, "network");
    const bool somebody_lives =
        std::any_of(members.begin(), members.end(), [](const PodMember& member) {
            return identity_of(namespace_of(std::to_string(member.shim), "net")).has_value();
        });
    if (wanted == nullptr || !somebody_lives) {
        return;
    }
    if (wanted->path.empty() ||
        owner_of(required_identity(wanted->path), "net", members) == nullptr) {
        throw base::Error(
            base::ErrorCode::unsupported,
            "linux.namespaces has a \"network\" that is not the pod's: all containers of a pod "
            "run in one VM with one network; share it (podman pod create --share net,...), or run "
            "the container outside of the pod");
    }
}

void require_own(const oci::Spec& spec, const char* type) {
    const oci::Namespace* wanted = oci::find_namespace(spec, type);
    if (wanted != nullptr && !wanted->path.empty()) {
        throw base::Error(base::ErrorCode::unsupported,
                          std::string("linux.namespaces cannot have the ") + type +
                              " namespace \"" + base::printable(wanted->path, 256) +
                              "\": in a VM every container has its own; remove the path");
    }
}

}  // namespace

GuestNamespaces resolve_namespaces(const oci::Spec& spec,
                                   const std::vector<PodMember>& members,
                                   bool joins_pod) {
    GuestNamespaces resolved;
    require_own(spec, "mount");
    for (const SharedType& type : kSharedTypes) {
        resolve_shared(type, spec, members, resolved);
    }
    if (joins_pod) {
        require_network_of_pod(spec, members);
    }
    return resolved;
}

bool joins_network_of(const oci::Spec& spec, pid_t process) {
    const oci::Namespace* wanted = oci::find_namespace(spec, "network");
    if (wanted == nullptr || wanted->path.empty()) {
        return false;
    }
    const auto identity = identity_of(wanted->path);
    return identity.has_value() &&
           identity_of(namespace_of(std::to_string(process), "net")) == identity;
}

}  // namespace kata::sandbox
