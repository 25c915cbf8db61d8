// mount-info, as a CSI driver gives it and as other tools leave it on disk: it is refused with an
// Error, or what is stored of it is read back the same. The text is also tried as the name of a
// volume's directory.
#include "pkg/sandbox/volumes/mount_info.h"

#include <string_view>

#include "pkg/sandbox/volumes/volume_path.h"

#include "fuzzing.h"

namespace kata::sandbox {
namespace {

using fuzz::require;

void try_mount_info(std::string_view text, MountInfoSource source) {
    fuzz::expect_done_or_refused([&] {
        const MountInfo info = parse_mount_info(text, "mount-info", source);
        static_cast<void>(settings_of(info));
        require(parse_mount_info(to_json_text(info), "again", MountInfoSource::stored) == info);
    });
}

void try_directory_name(std::string_view text) {
    if (const auto path = volume_path_of(text)) {
        require(encoded_volume_path(*path) == text);
    }
}

}  // namespace
}  // namespace kata::sandbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kata::sandbox;
    const std::string_view text = kata::fuzz::text_of(data, size);
    try_mount_info(text, MountInfoSource::request);
    try_mount_info(text, MountInfoSource::stored);
    try_directory_name(text);
    return 0;
}
