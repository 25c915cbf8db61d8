#include "pkg/agent/guest/disk_modules.h"

#include <sstream>

#include "pkg/agent/guest/boot.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {

std::vector<std::string> modules_for(std::string_view use, const std::string& list) {
    std::vector<std::string> paths;
    std::istringstream lines(list);
    std::string user;
    std::string path;
    while (lines >> user >> path) {
        if (user == use) {
            paths.push_back(path);
        }
    }
    return paths;
}

void load_disk_modules(std::string_view use, const std::string& list_path) noexcept {
    try {
        for (const std::string& path :
             modules_for(use, base::try_read_file(list_path).value_or(""))) {
            try {
                load_module(path);
            } catch (const base::Error& error) {
                log_error(error.what());
            }
        }
    } catch (const std::exception& error) {
        log_error(error.what());
    }
}

}  // namespace kata::agent::guest
