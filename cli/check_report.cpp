#include "cli/check_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

constexpr const char* kBelow = "\n      ";

std::string line_of(const host::Result& result, std::size_t title_width, bool verbose) {
    const host::Finding& finding = result.finding;
    std::string line = std::string(to_string(finding.verdict)) + "  ";
    line.append(result.check->title);
    line.append(title_width - result.check->title.size() + 2, ' ');
    line += base::printable(finding.text);
    if (finding.verdict != host::Verdict::pass && !finding.remedy.command.empty()) {
        const char* kind = finding.remedy.only_looks ? "look: " : "fix: ";
        line += kBelow + (kind + base::printable(finding.remedy.command));
    }
    for (const std::string& detail : finding.details) {
        line += verbose ? kBelow + base::printable(detail) : "";
    }
    return line + "\n";
}

nlohmann::ordered_json json_of(const host::Result& result) {
    const host::Finding& finding = result.finding;
    const std::string command = base::printable(finding.remedy.command);
    const bool looks = finding.remedy.only_looks;
    return {{"id", result.check->id},
            {"title", result.check->title},
            {"verdict", to_string(finding.verdict)},
            {"text", base::printable(finding.text)},
            {"fix", looks ? "" : command},
            {"look", looks ? command : ""},
            {"fixIsSafe", finding.remedy.safe.has_value()}};
}

}  // namespace

std::string check_report_text(const std::vector<host::Result>& results, bool verbose) {
    std::size_t width = 0;
    for (const host::Result& result : results) {
        width = std::max(width, result.check->title.size());
    }
    std::string text;
    for (const host::Result& result : results) {
        text += line_of(result, width, verbose);
    }
    return text;
}

std::string check_report_json(const std::vector<host::Result>& results) {
    nlohmann::ordered_json checks = nlohmann::ordered_json::array();
    for (const host::Result& result : results) {
        checks.push_back(json_of(result));
    }
    const nlohmann::ordered_json document = {{"capable", host::is_capable(results)},
                                             {"checks", std::move(checks)}};
    return document.dump(2) + "\n";
}

}  // namespace kata::cli
