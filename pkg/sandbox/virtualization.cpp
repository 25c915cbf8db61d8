#include "pkg/sandbox/virtualization.h"

#include <sstream>

namespace kata::sandbox {

bool has_virtualization_flag(const std::string& cpuinfo) {
    std::istringstream lines(cpuinfo);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("flags")) {
            continue;
        }
        std::istringstream flags(line);
        for (std::string flag; flags >> flag;) {
            if (flag == "vmx" || flag == "svm") {
                return true;
            }
        }
    }
    return false;
}

}  // namespace kata::sandbox
