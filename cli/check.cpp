#include <unistd.h>

#include "cli/check_fix.h"
#include "cli/check_host.h"
#include "cli/check_releases.h"
#include "cli/check_report.h"
#include "cli/commands.h"
#include "pkg/base/error.h"
#include "pkg/host/checks.h"

namespace kata::cli {
namespace {

// The sentences are those of Kata Containers' kata-check, which scripts look for.
constexpr const char* kCapable = "System is capable of running Kata Containers\n";
constexpr const char* kCanCreate = "System can currently create Kata Containers\n";
constexpr const char* kConsistent = "Version consistency of Kata Containers is verified\n";
constexpr const char* kNotCapable = "ERROR: System is not capable of running Kata Containers";

/// "2 checks failed (libvirt, guest-kernel)"
std::string failures(const std::vector<host::Result>& results) {
    std::size_t count = 0;
    std::string names;
    for (const auto& [check, finding] : results) {
        if (finding.verdict == host::Verdict::fail) {
            names.append(count == 0 ? "" : ", ").append(check->id);
            ++count;
        }
    }
    return std::to_string(count) + (count == 1 ? " check failed (" : " checks failed (") + names +
           ")";
}

void require_consistency(const host::Host& host) {
    const host::Finding finding = host::check_versions(host, KATA_VERSION);
    if (finding.verdict != host::Verdict::pass) {
        throw base::Error(base::ErrorCode::unsupported,
                          "ERROR: " + finding.text + "; " + finding.remedy.command);
    }
}

void show(const std::vector<host::Result>& results, const CheckOptions& options) {
    write_output(options.json ? check_report_json(results)
                              : check_report_text(results, options.verbose));
}

/// The sentences at the end. @throws base::Error if the host is not capable.
void conclude(const host::Host& host,
              const std::vector<host::Result>& results,
              const CheckOptions& options) {
    const auto say = [&](const char* sentence) {
        // A document stays one document.
        if (!options.json) {
            write_output(sentence);
        }
    };
    if (!host::is_capable(results)) {
        throw base::Error(base::ErrorCode::unsupported,
                          kNotCapable,
                          failures(results) + "; do what is shown below each of them");
    }
    say(kCapable);
    if (host.as_root) {
        say(kCanCreate);
    }
    if (options.strict) {
        require_consistency(host);
        say(kConsistent);
    }
}

}  // namespace

int execute(const CheckOptions& options, const HostContext& context) {
    check_releases(options);
    if (options.check_version_only || options.only_list_releases) {
        return 0;
    }
    HostReport report = report_host(context.global);
    auto results = host::examine(report.host);
    if (options.fix && fix_findings(results, options.yes) > 0) {
        report = report_host(context.global);
        results = host::examine(report.host);
    }
    show(results, options);
    conclude(report.host, results, options);
    return 0;
}

}  // namespace kata::cli
