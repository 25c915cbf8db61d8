#include "cli/options_commands.h"

namespace kata::cli {

void add_process_io(FlagSet& flags,
                    std::filesystem::path& console_socket,
                    std::filesystem::path& pid_file) {
    flags.value("--console-socket",
                "SOCKET",
                console_socket,
                "unix socket that receives the terminal's master descriptor");
    flags.value("--pid-file", "FILE", pid_file, "file to write the pid of the kata-shim to");
}

void add_no_new_descriptors(FlagSet& flags) {
    flags.refused_value("--preserve-fds",
                        "N",
                        {"0", ""},
                        "cannot pass file descriptors into a virtual machine; leave --preserve-fds "
                        "out or set it to 0, and give the data as a mount or over the network",
                        "number of further descriptors for the container; only 0 is possible");
    flags.refused_value("--pidfd-socket",
                        "SOCKET",
                        {""},
                        "--pidfd-socket is not supported; use --pid-file and pidfd_open(2)",
                        "not supported: use --pid-file");
}

}  // namespace kata::cli
