// config.json, and the parts of it that exec and update are given: what is read is judged, and what
// is printed of it again is read as the same.
#include <string>

#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"

#include "fuzzing.h"

namespace kata::oci {
namespace {

using fuzz::require;

void try_spec(std::string_view text) {
    const Spec spec = parse_spec(text, "config.json");
    require(parse_spec(spec.document.dump(), "again").document == spec.document);
    static_cast<void>(validate(spec));
}

void try_process(std::string_view text) {
    static_cast<void>(validate(parse_process(text, "process.json"), ""));
}

void try_resources(std::string_view text) {
    validate_resources(parse_resources(text, "resources.json"));
}

}  // namespace
}  // namespace kata::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kata;
    const std::string_view text = fuzz::text_of(data, size);
    fuzz::expect_done_or_refused([&] { oci::try_spec(text); });
    fuzz::expect_done_or_refused([&] { oci::try_process(text); });
    fuzz::expect_done_or_refused([&] { oci::try_resources(text); });
    return 0;
}
