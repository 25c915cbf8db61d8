#include "pkg/agent/guest/use_modules.h"

#include <sstream>

#include "pkg/agent/guest/boot.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {

std::vector<std::string> modules_for(std::string_view use, const std::string& list) {
    std::vector<std::string> paths;
    std::istringstream lines(list);
    std::string user;
    std::string path;
    while (lines >> user >> path) {
        if (user == use && path != "-") {
            paths.push_back(path);
        }
    }
    return paths;
}

void load_modules_for(std::string_view use, const std::string& list_path) {
    try_modules(modules_for(use, base::try_read_file(list_path).value_or("")));
}

}  // namespace kata::agent::guest
