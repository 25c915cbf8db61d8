#include <unistd.h>

#include "cli/commands.h"
#include "pkg/base/file.h"

namespace kata::cli {

void write_output(std::string_view text) {
    base::write_all(base::FdRef(STDOUT_FILENO), text, "standard output");
}

}  // namespace kata::cli
