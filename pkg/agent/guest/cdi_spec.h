// CdiSpec: a file of the Container Device Interface in the guest. It says what a container gets
// along with each of a vendor's devices. Images bring such files, or a program of the vendor writes
// them (nvidia-ctk cdi generate).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kata::agent::guest {

struct CdiNode {
    std::string path;         // in the container
    std::string guest_path;   // that it stands for
    std::string type;         // "b", "c", "p"; empty: as the guest's node
    std::uint32_t major = 0;  // 0: as the guest's node, with the minor number
    std::uint32_t minor = 0;
    std::optional<std::uint32_t> file_mode;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::string access;  // what the container may do: some of "rwm"
};

struct CdiMount {
    std::string guest_path;
    std::string container_path;
    std::string type;  // empty: not said
    std::vector<std::string> options;
};

struct CdiHook {
    std::string stage;  // "createContainer", ...
    std::string path;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::optional<std::uint32_t> timeout;  // seconds
};

struct CdiEdits {
    std::vector<std::string> environment;
    std::vector<CdiNode> nodes;
    std::vector<CdiMount> mounts;
    std::vector<CdiHook> hooks;
    std::vector<std::uint32_t> groups;
    std::string unsupported;  // a field that asks for what no guest has; empty: none
};

struct CdiDevice {
    std::string name;
    CdiEdits edits;
};

struct CdiSpec {
    std::filesystem::path path;
    std::string kind;  // "vendor.com/class"
    std::vector<CdiDevice> devices;
    CdiEdits edits;  // of each container that has any of the devices
};

/// @param path of the file, which says by its end whether the text is JSON or YAML.
/// @throws base::Error invalid_argument, naming the file, the field and what is wrong with it.
[[nodiscard]] CdiSpec parse_cdi_spec(const std::filesystem::path& path, const std::string& text);

}  // namespace kata::agent::guest
