// A log that keeps the warnings.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/log.h"

namespace kata::test {

class WarningLog : public base::NullLog {
  public:
    void warning(const std::string& message) override { warnings.push_back(message); }
    std::vector<std::string> warnings;
};

}  // namespace kata::test
