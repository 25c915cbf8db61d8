#include "cli/commands.h"
#include "cli/direct_volume_report.h"
#include "pkg/base/error.h"
#include "pkg/sandbox/volumes/volume_commands.h"
#include "pkg/sandbox/volumes/volume_path.h"

namespace kata::cli {
namespace {

using sandbox::DirectVolume;
using sandbox::DirectVolumeStore;

// A broken one, too: that is when one looks.
DirectVolume volume_at(const DirectVolumeStore& store, const std::string& path) {
    sandbox::require_volume_path(path);
    for (DirectVolume& volume : store.list()) {
        if (volume.path == path) {
            return std::move(volume);
        }
    }
    return store.get(path);
}

std::string listed(const DirectVolumeStore& store, bool json) {
    const auto volumes = store.list();
    return json ? volumes_json(volumes, store.host()) : volume_table(volumes, store.host());
}

}  // namespace

int execute(const DirectVolumeOptions& options, const VolumeContext& context) {
    const DirectVolumeStore& store = context.store;
    switch (options.action) {
        case DirectVolumeOptions::Action::add:
            store.add(options.volume_path,
                      sandbox::parse_mount_info(options.mount_info, "mount-info"));
            break;
        case DirectVolumeOptions::Action::remove:
            store.remove(options.volume_path);
            break;
        case DirectVolumeOptions::Action::stats:
            write_output(sandbox::volume_stats_json(
                sandbox::volume_stats(store, options.volume_path, context.vm)));
            break;
        case DirectVolumeOptions::Action::resize:
            sandbox::resize_volume(
                store, options.volume_path, sandbox::parse_volume_size(options.size), context.vm);
            break;
        case DirectVolumeOptions::Action::list:
            write_output(listed(store, options.json));
            break;
        case DirectVolumeOptions::Action::inspect:
            write_output(volume_json(volume_at(store, options.volume_path), store.host()));
            break;
        case DirectVolumeOptions::Action::collect_garbage:
            write_output(garbage_lines(store.collect_garbage(options.dry_run), options.dry_run));
            break;
    }
    return 0;
}

}  // namespace kata::cli
