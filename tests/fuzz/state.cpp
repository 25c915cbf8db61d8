// The files of a sandbox's state directory, as a crash, a full disk or an older version left them:
// records are refused or survive being written again, and of a journal every line that is an effect
// is found, whatever stands around it.
#include <string>

#include "pkg/base/log.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/record.h"

#include "fuzzing.h"

namespace kata::sandbox {
namespace {

using fuzz::require;

void try_sandbox(const std::string& text) {
    const std::string written = to_json_text(parse_sandbox_record(text, "sandbox.json"));
    require(to_json_text(parse_sandbox_record(written, "again")) == written);
}

void try_container(const std::string& text) {
    const ContainerRecord record = parse_container_record(text, "state.json");
    static_cast<void>(derive_status(record));
    const std::string written = to_json_text(record);
    require(to_json_text(parse_container_record(written, "again")) == written);
}

// The line that a command adds to it is found, too, even if a crash has cut the last one short.
void try_journal(const std::string& text) {
    base::NullLog log;
    const fuzz::MemoryFile file(text);
    const std::vector<Effect> before = Journal::load(file.path(), log);
    Journal(file.path(), "c").record(Effect::Kind::mount, "/m");
    const std::vector<Effect> after = Journal::load(file.path(), log);
    require(after.size() > before.size());
    require(after.back() == Effect{Effect::Kind::mount, "/m", "c"});
}

}  // namespace
}  // namespace kata::sandbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kata;
    const std::string text(fuzz::text_of(data, size));
    fuzz::expect_done_or_refused([&] { sandbox::try_sandbox(text); });
    fuzz::expect_done_or_refused([&] { sandbox::try_container(text); });
    fuzz::expect_done_or_refused([&] { sandbox::try_journal(text); });
    return 0;
}
