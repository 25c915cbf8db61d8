#include "cli/command_text.h"

#include <algorithm>
#include <array>

namespace kata::cli {
namespace {

constexpr std::array kCommands = {
    CommandText{"create",
                "<container-id>",
                1,
                1,
                "create a container in a virtual machine of its own",
                R"(Boots a virtual machine and prepares the bundle's container in it; the
container's program does not run before "kata-runtime start". The bundle is a
directory with a config.json and a root file system.

<container-id> is a name of your choice, unique under --root: letters, digits
and any of _ + . - are allowed.)"},
    CommandText{"start",
                "<container-id>",
                1,
                1,
                "start the program of a created container",
                R"(Runs what process.args of the container's config.json names.)"},
    CommandText{"run",
                "<container-id>",
                1,
                1,
                "create a container, start it and wait for its end",
                R"(Without --detach the container uses this terminal or these pipes, signals are
passed on to it, and the exit status is that of its program (128+N after
signal N). The container and its virtual machine are removed at the end.)"},
    CommandText{
        "exec",
        "<container-id> <command> [argument...]\n--process FILE <container-id>\n<container-id>",
        1,
        kAnyNumber,
        "run another program in a running container",
        R"(The new process starts from the container's own process (user, environment,
working directory, capabilities), changed by the options, or is described
whole by the JSON file of --process. Options stand before the container's id:
everything after it belongs to the command.

Without a command a shell of the guest itself opens, outside of all containers,
if the configuration had debug_console_enabled when the sandbox was made.

The exit status is that of the command, and 255 if it could not be started.)"},
    CommandText{"state",
                "<container-id>",
                1,
                1,
                "show the state of a container as JSON",
                R"(The status is one of creating, created, running, paused and stopped. The pid
is that of the kata-shim which stands for the container on this host.)"},
    CommandText{"list",
                "",
                0,
                0,
                "list the containers under --root",
                R"(Engines keep their containers under roots of their own, for example
docker under /run/docker/runtime-runc/moby: name them with --root.)"},
    CommandText{"kill",
                "<container-id> [signal]",
                1,
                2,
                "send a signal to a container",
                R"(<signal> is a name with or without SIG, or a number from 1 to 64; SIGTERM if
it is left out. It goes to the container's first process, in the guest.)"},
    CommandText{"delete",
                "<container-id>",
                1,
                1,
                "remove a stopped container and what it holds",
                R"(With the last container of a virtual machine the machine goes, too. --force
also works on a container that runs or was left half made by a crash.)"},
    CommandText{"ps",
                "<container-id> [ps option...]",
                1,
                kAnyNumber,
                "list the processes of a container",
                R"(The table is that of ps(1) in the guest, called with the ps options ("-ef" if
there are none). With --format json, the pids on this host that stand for the
container's processes: its kata-shims.)"},
    CommandText{"pause",
                "<container-id>",
                1,
                1,
                "stop the processes of a container where they are",
                R"(They go on with "kata-runtime resume". Its virtual machine keeps running; a
paused container can be killed and deleted.)"},
    CommandText{"resume",
                "<container-id>",
                1,
                1,
                "let the processes of a paused container go on",
                R"(The container is then running, or created, as it was before.)"},
    CommandText{"update",
                "<container-id>",
                1,
                1,
                "change the limits of a container while it runs",
                R"(The limits hold in the guest, at once. The virtual machine grows with them, by
CPUs and memory up to default_maxvcpus and default_maxmemory of the
configuration, and gives up CPUs that are not needed any more. What is not
named, or is 0, stays as it is; -1 takes a limit away.)"},
    CommandText{"events",
                "<container-id>",
                1,
                1,
                "show what happens to a container, and its statistics, as JSON",
                R"(One line for each event until the container ends: its statistics at every
interval, and each time the guest kills one of its processes for want of
memory. The numbers are those of the container's cgroup in the guest.)"},
    CommandText{"kata-network",
                "add-iface|del-iface <container-id> <file>|-\n"
                "update-routes <container-id> <file>|-\n"
                "list-ifaces|list-routes <container-id>\n"
                "refresh|watch <container-id>",
                2,
                3,
                "show and change the network of a virtual machine that runs",
                R"(add-iface connects the virtual machine to an interface that the container's
network namespace has; del-iface takes it out again. update-routes replaces the
routes in the guest, which then no longer follow the namespace. The file, or
standard input, holds an interface, or an array of routes, as JSON:

    {"Device": "eth1", "Name": "eth1", "HwAddr": "", "Mtu": 1500,
     "IPAddresses": [{"Family": 2, "Address": "10.0.0.2", "Mask": "24"}]}
    [{"Dest": "", "Gateway": "10.0.0.1", "Device": "eth1"}]

Each prints what the guest has then, as JSON in one line. refresh gives the
virtual machine what has appeared in the namespace and takes away what has
vanished; watch does so until the container ends, which is what enable_netmon in
configuration.toml starts.)"},
    CommandText{"direct-volume",
                "add <volume-path> <mount-info>\n"
                "remove|stats|inspect <volume-path>\n"
                "resize <volume-path> <size>\n"
                "list\ngc",
                1,
                kAnyNumber,
                "assign disks to virtual machines in place of shared volumes",
                R"(add assigns a block device, or a file with the image of one, to a path. The
container that mounts this path gets the device itself: its virtual machine has
it as a disk, and mounts its file system. <mount-info> is JSON:

    {"volume-type": "directvol", "device": "/dev/sdf", "fstype": "ext4",
     "metadata": {"fsGroup": "1000"}, "options": ["ro"]}

remove undoes it. stats shows how full the file system is, as a CSI driver
expects it. resize makes it grow, in the guest at once, or when the volume is
mounted next; <size> is in bytes, or such as 8Gi. list and inspect show what is
assigned and which sandbox has it; gc removes what is left of sandboxes and
devices that do not exist any more.)"},
    CommandText{"spec",
                "",
                0,
                0,
                "write an example config.json",
                R"(The example runs "sh" from the directory rootfs beside it. Edit process.args,
and set process.terminal to false for a program without a terminal.)"},
    CommandText{"config",
                "show [--origin] [--json] [<container-id>]\ncheck <file>",
                1,
                kAnyNumber,
                "show the configuration in force, or check a file of it",
                R"(show prints every key that is obeyed, with the values of the configuration file,
its drop-ins (config.d/*.toml beside it) and the defaults, of a container with
its sandbox's annotations, and with --origin where each comes from. check reads
one file, which may be a drop-in, and names the first line that is wrong, or the
keys in it that have no effect here.)"},
    CommandText{"kata-check",
                "",
                0,
                0,
                "check whether this host can run containers in virtual machines",
                R"(Also called "check". Each check passes, warns (it works, slower or not in every
way) or fails, with the command that repairs it. The exit status is 0 if
nothing failed. Run it as root: as another user it sees less.)"},
    CommandText{"kata-env",
                "",
                0,
                0,
                "show what this runtime is made of and set to, as TOML",
                R"(Also called "env". Runtime, hypervisor, guest, libvirt and host, as the
configuration in force has them. What is missing is shown as such.)"},
    CommandText{"features",
                "",
                0,
                0,
                "show what this runtime supports as JSON",
                R"(The document is that of the OCI runtime specification's features.md.)"},
    CommandText{"version", "", 0, 0, "show the version", R"(The same as --version.)"},
    CommandText{"help",
                "[command]",
                0,
                1,
                "show help for the program or for one command",
                R"(The same as --help behind the command.)"},
};

struct Alias {
    std::string_view name;
    std::string_view command;
};

constexpr std::array kAliases = {
    Alias{"h", "help"}, Alias{"check", "kata-check"}, Alias{"env", "kata-env"}};

constexpr std::array<std::string_view, 3> kUnavailable = {"checkpoint", "init", "restore"};

}  // namespace

std::span<const CommandText> command_texts() {
    return kCommands;
}

const CommandText* find_command(std::string_view name) {
    const auto* alias = std::ranges::find(kAliases, name, &Alias::name);
    const std::string_view wanted = alias == kAliases.end() ? name : alias->command;
    const auto* found = std::ranges::find(kCommands, wanted, &CommandText::name);
    return found == kCommands.end() ? nullptr : found;
}

bool is_unavailable_command(std::string_view name) {
    return std::ranges::find(kUnavailable, name) != kUnavailable.end();
}

std::string_view program_description() {
    return R"(An OCI runtime that is called as runc is. Each container, or each pod, gets a
virtual machine of its own, which libvirt manages: "virsh list" shows it as
kata-<id>. Docker, podman and containerd can use it in place of runc.

It runs as root. Options are written -name or --name, value after a space or
an equals sign, and stand before the arguments.)";
}

std::string_view program_examples() {
    return R"(Run a shell in a virtual machine, from a directory with a root file system in
rootfs/:

    # kata-runtime spec
    # kata-runtime run my-first-vm

In three steps, and a look at it:

    # kata-runtime create --bundle /bundles/web web
    # kata-runtime start web
    # kata-runtime list
    # kata-runtime exec web ps
    # kata-runtime kill web && kata-runtime delete web)";
}

}  // namespace kata::cli
