// Comparing XML with a file of data/ that was recorded when somebody had looked at it.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace kata::test {

/// The content of a recorded file.
inline std::string golden(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(std::string(KATA_TEST_DATA) + "/" + name).rdbuf();
    return text.str();
}

/// To accept a change on purpose: KATA_UPDATE_GOLDEN=1 ctest -R Xml, then review the difference in
/// git.
inline void expect_golden(const std::string& name, const std::string& xml) {
    if (std::getenv("KATA_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(std::string(KATA_TEST_DATA) + "/" + name) << xml;
    }
    EXPECT_EQ(xml, golden(name)) << name;
}

}  // namespace kata::test
