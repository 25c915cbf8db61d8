#include "cli/commands.h"
#include "pkg/base/error.h"

namespace kata::cli {

int execute(const HelpOptions& options) {
    // The options' parser has let no other topic through.
    write_output(help_text(options.topic).value());
    return 0;
}

int execute(const Misuse& misuse) {
    if (misuse.help_topic) {
        write_output("Incorrect Usage.\n\n" + help_text(*misuse.help_topic).value());
    }
    throw base::Error(misuse.code, misuse.message);
}

}  // namespace kata::cli
