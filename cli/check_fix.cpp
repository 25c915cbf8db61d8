#include "cli/check_fix.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/host/fix.h"

namespace kata::cli {
namespace {

void say(const std::string& text) {
    base::write_all(base::FdRef(STDERR_FILENO), text, "standard error");
}

/// One line of standard input, without reading ahead; empty at its end.
std::string read_answer() {
    std::string answer;
    char letter = 0;
    while (::read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
        answer += letter;
    }
    return answer;
}

bool agreed(const std::string& command, bool yes) {
    if (yes) {
        say("running: " + command + "\n");
        return true;
    }
    say("run \"" + command + "\"? [y/N] ");
    const std::string answer = read_answer();
    return answer == "y" || answer == "Y" || answer == "yes";
}

bool carry_out(const host::Remedy& remedy, bool yes) {
    if (!agreed(remedy.command, yes)) {
        return false;
    }
    try {
        host::apply(*remedy.safe, host::Roots());
        return true;
    } catch (const base::Error& failure) {
        say(base::printable(failure.what()) + "\n");
        return false;
    }
}

}  // namespace

std::size_t fix_findings(const std::vector<host::Result>& results, bool yes) {
    std::vector<host::SafeFix> done;
    bool safe_ones = false;
    for (const auto& [check, finding] : results) {
        const bool wanted = finding.verdict != host::Verdict::pass && finding.remedy.safe;
        safe_ones = safe_ones || wanted;
        // Two findings may have one cause.
        if (wanted && std::ranges::find(done, *finding.remedy.safe) == done.end() &&
            carry_out(finding.remedy, yes)) {
            done.push_back(*finding.remedy.safe);
        }
    }
    if (!safe_ones) {
        say("nothing found is for --fix to repair: installing packages and changing the system is "
            "left to you\n");
    }
    return done.size();
}

}  // namespace kata::cli
