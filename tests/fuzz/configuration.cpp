// configuration.toml, as people and other versions of Kata Containers write it.
#include "pkg/sandbox/config/load.h"

#include "fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kata;
    const fuzz::MemoryFile file(fuzz::text_of(data, size));
    fuzz::expect_done_or_refused([&] {
        const sandbox::LoadedConfig loaded = sandbox::load_single_config(file.path());
        static_cast<void>(sandbox::settings_without_effect(loaded));
        static_cast<void>(sandbox::contradiction_in(loaded.config));
    });
    return 0;
}
