#include "pkg/agent/guest/filesystem_modules.h"

#include <sstream>

#include "pkg/agent/guest/boot.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {

std::vector<std::string> modules_of_filesystem(const std::string& type, const std::string& list) {
    std::vector<std::string> paths;
    std::istringstream lines(list);
    std::string name;
    std::string path;
    while (lines >> name >> path) {
        if (name == type && path != "-") {
            paths.push_back(path);
        }
    }
    return paths;
}

void load_filesystem_modules(const std::string& type, const std::string& list_path) {
    for (const std::string& path :
         modules_of_filesystem(type, base::try_read_file(list_path).value_or(""))) {
        try {
            load_module(path);
        } catch (const base::Error& error) {
            log_error(error.what());
        }
    }
}

}  // namespace kata::agent::guest
