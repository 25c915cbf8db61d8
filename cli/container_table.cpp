#include "cli/container_table.h"

#include <algorithm>
#include <iterator>

#include "cli/text_table.h"
#include "pkg/base/error.h"

namespace kata::cli {
namespace {

constexpr std::size_t kMinWidth = 12;

TextRow row_of(const oci::ContainerSummary& container) {
    return {container.id,
            std::to_string(container.pid),
            std::string(oci::to_string(container.status)),
            base::printable(container.bundle),
            oci::rfc3339_nano(container.created),
            container.owner};
}

}  // namespace

std::string container_table(const std::vector<oci::ContainerSummary>& containers) {
    std::vector<TextRow> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
    std::ranges::transform(containers, std::back_inserter(rows), row_of);
    return text_table(rows, kMinWidth);
}

}  // namespace kata::cli
